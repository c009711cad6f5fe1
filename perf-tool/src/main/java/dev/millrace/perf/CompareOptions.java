package dev.millrace.perf;

import dev.millrace.perf.spec.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of every comparison, whatever its runs are. */
final class CompareOptions {
    @Option(names = "--a", paramLabel = "KEY=VALUE,...",
            description = "What side A has: client=..., settings of the client, and options of the run without their dashes; may be "
                    + "given often. A comma separates only where KEY= follows it, and '\\,' never does (default without --a and "
                    + "--b: client=millrace).")
    private List<String> a = new ArrayList<>();

    @Option(names = "--b", paramLabel = "KEY=VALUE,...",
            description = "What side B has (default without --a and --b: client=kafka).")
    private List<String> b = new ArrayList<>();

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5",
            description = "Pairs of runs (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--target", paramLabel = "EXPR,...",
            description = "What the comparison must reach: METRIC<=N, also < >= >, of the median ratio A / B, with METRIC as "
                    + "in the JSON: 'cpu_s_per_million<=0.5,records_per_s>=2'. Pairs that do not agree never reach it. "
                    + "'a.METRIC<=N' and 'b.METRIC<=N' are about one side's median, 'a-b.METRIC<=N' about the median difference.")
    private List<String> targets = new ArrayList<>();

    @Option(names = "--reporting-interval", paramLabel = "MS", defaultValue = "5000",
            description = "Time between two lines of progress of a run (default: ${DEFAULT-VALUE}).")
    private long reportingIntervalMs;

    @Option(names = "--json", paramLabel = "FILE",
            description = "Write the result as JSON; '-' is standard output, and the text goes to standard error then.")
    private Path jsonFile;

    /** @throws UsageException naming the option that is wrong */
    void check() {
        Ranges.check("--rounds", rounds, 1, 1000);
        if (reportingIntervalMs < 1) {
            throw new UsageException("--reporting-interval: " + reportingIntervalMs + " is not above 0");
        }
    }

    /** Whether it is left to the tool what the sides are. */
    boolean sidesByDefault() {
        return a.isEmpty() && b.isEmpty();
    }

    List<String> a() {
        return sidesByDefault() ? List.of("client=millrace") : a;
    }

    List<String> b() {
        return sidesByDefault() ? List.of("client=kafka") : b;
    }

    int rounds() {
        return rounds;
    }

    List<String> targets() {
        return targets;
    }

    long reportingIntervalMs() {
        return reportingIntervalMs;
    }

    /** @throws UsageException when there cannot be such a file */
    ReportOutput output() {
        return ReportOutput.of(jsonFile);
    }
}
