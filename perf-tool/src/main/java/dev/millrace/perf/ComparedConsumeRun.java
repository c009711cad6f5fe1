package dev.millrace.perf;

import dev.millrace.perf.report.ConsumeJson;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Warmup;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * One run of a comparison: {@code consume} in a process of its own, started by {@link CompareSession} and by nobody else.
 * Prints its progress, and its result as JSON in one line.
 */
@Command(name = "compare")
final class ComparedConsumeRun implements Callable<Integer> {
    @Mixin
    private ConsumeOptions options;

    @Option(names = "--warmup-records")
    private Long warmupRecords;

    @Option(names = "--reporting-interval", defaultValue = "5000")
    private long reportingIntervalMs;

    /** There is a record at each offset, so nobody has to look. */
    @Option(names = "--topic-is-filled")
    private boolean filled;

    /** Makes the run and ends the process with its exit code, which is one of {@code consume}. */
    public static void main(String[] args) {
        ChildRun.main(new ComparedConsumeRun(), args);
    }

    /**
     * What a run with these arguments would do.
     *
     * @throws dev.millrace.perf.spec.UsageException when an argument is wrong
     */
    static ConsumeSpec specOf(List<String> args) {
        ComparedConsumeRun run = new ComparedConsumeRun();
        ChildRun.parse(run, args);
        return run.spec();
    }

    private ConsumeSpec spec() {
        return options.toSpec(Warmup.ofComparedRuns(warmupRecords), Targets.ofConsume(List.of()), filled);
    }

    @Override
    public Integer call() {
        RunConsole console = new RunConsole(System.err, false, Duration.ofMillis(reportingIntervalMs), Optional.empty());
        // The comparison is told of Ctrl-C as well, and decides.
        return new ConsumeSession(spec(), ChildRun.stopWithParent(), Interruption.ignore(), console)
                .run(report -> System.out.println(ChildRun.RESULT + ConsumeJson.tree(report)));
    }
}
