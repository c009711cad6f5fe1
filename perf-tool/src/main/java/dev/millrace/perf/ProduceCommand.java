package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.UsageException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code millrace-perf produce}: one measured run. */
@Command(
        name = "produce",
        description = {
            "Sends records to Kafka, measures how fast and how late they are acknowledged, and counts them in the log.",
            "Without options: starts a broker, makes a topic, warms up, sends 1,000,000 records of 100 bytes with Millrace.",
            ""},
        sortOptions = false,
        abbreviateSynopsis = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every target was met (or there was none)",
            "1:error: no broker, records failed or were not committed, or the log does not hold what was acknowledged",
            "2:usage: a wrong option, target or client setting",
            "3:a target was missed",
            "4:the run is not valid: schedule not kept, or too few samples for a percentile",
            "130:stopped by Ctrl-C; what was measured so far is printed"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf produce --client kafka --command-property compression.type=lz4",
            "  millrace-perf produce --throughput 20000 --target 'p99<50ms,p99.9<200ms,errors=0'",
            "  millrace-perf produce --bootstrap-server broker:9092 --topic orders --command-config client.properties",
            "  millrace-perf produce --transactional-id test --transaction-duration-ms 500",
            "  millrace-perf produce --sink 2ms --threads 4 --json result.json"})
final class ProduceCommand implements Callable<Integer> {
    @Mixin
    private ProduceOptions options;

    @Option(names = "--reporting-interval", paramLabel = "MS", defaultValue = "5000",
            description = "Time between two lines of progress when standard error is no terminal, and between two intervals "
                    + "of --hlog (default: ${DEFAULT-VALUE}).")
    private long reportingIntervalMs;

    @Option(names = "--hlog", paramLabel = "FILE",
            description = "Write the latency histograms of every interval in HdrHistogram's log format.")
    private Path histogramFile;

    @Option(names = "--json", paramLabel = "FILE",
            description = "Write the result as JSON; '-' is standard output, and the text goes to standard error then.")
    private Path jsonFile;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws Exception {
        if (reportingIntervalMs < 1) {
            throw new UsageException("--reporting-interval: " + reportingIntervalMs + " is not above 0");
        }
        boolean jsonToOut = jsonFile != null && jsonFile.toString().equals("-");
        if (jsonFile != null && !jsonToOut) {
            checkWritable(jsonFile, "--json");
        }
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.install(stop, ExitCode.INTERRUPTED);
        ProduceSession session = new ProduceSession(options.toSpec(), stop, interruption, System.err,
                Terminal.isStandardErrorOne(), Duration.ofMillis(reportingIntervalMs), Optional.ofNullable(histogramFile));
        PrintStream text = jsonToOut ? System.err : System.out;
        return session.run(new ReportOutput(text, jsonToOut ? Optional.empty() : Optional.ofNullable(jsonFile), jsonToOut));
    }

    /** Said before the run and not after it. */
    private static void checkWritable(Path file, String option) {
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || !Files.isDirectory(folder)) {
            throw new UsageException(option + ": cannot write " + file.toAbsolutePath()
                    + (Files.isDirectory(file) ? ": it is a folder" : ": there is no folder " + folder));
        }
        if (!Files.isWritable(Files.exists(file) ? file : folder)) {
            throw new UsageException(option + ": not allowed to write " + file.toAbsolutePath());
        }
    }
}
