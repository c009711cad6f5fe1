package dev.millrace.perf;

import dev.millrace.perf.spec.UsageException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that say what a single run tells, and where to. */
final class OutputOptions {
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

    /** @throws UsageException when there cannot be such a file */
    ReportOutput output() {
        return ReportOutput.of(jsonFile);
    }

    /** @throws UsageException when it is no time */
    RunConsole console() {
        if (reportingIntervalMs < 1) {
            throw new UsageException("--reporting-interval: " + reportingIntervalMs + " is not above 0");
        }
        return new RunConsole(System.err, Terminal.isStandardErrorOne(), Duration.ofMillis(reportingIntervalMs),
                Optional.ofNullable(histogramFile));
    }
}
