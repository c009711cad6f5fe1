package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.report.ProduceJson;
import dev.millrace.perf.report.ProduceText;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Warmup;
import java.util.ArrayList;
import java.util.List;
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

    @Option(names = "--warmup-records", paramLabel = "N",
            description = "Records sent before the measurement, which no figure counts (default: as many as are measured, at "
                    + "most 500,000, 100 MB and, with --throughput, 10 s).")
    private Long warmupRecords;

    @Option(names = "--target", paramLabel = "EXPR,...",
            description = "What the run must reach, of response time (p50, p90, p99, p99.9, p99.99, max with < or <=, and us, ms "
                    + "or s), rate>=N records/s, mb>=N, errors=N: 'p99<50ms,rate>=50000,errors=0'.")
    private List<String> targets = new ArrayList<>();

    @Mixin
    private OutputOptions output;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws Exception {
        RunConsole console = output.console();
        ReportOutput result = output.output();
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.install(stop, ExitCode.INTERRUPTED);
        ProduceSpec spec = options.toSpec(Warmup.ofOneRun(warmupRecords), Targets.parse(targets));
        return new ProduceSession(spec, stop, interruption, console)
                .run(report -> result.write(ProduceText.of(report), () -> ProduceJson.of(report)));
    }
}
