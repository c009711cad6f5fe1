package dev.millrace.perf;

import dev.millrace.perf.report.ProduceJson;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.TimeSpan;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * One run of a comparison: {@code produce} in a process of its own, started by {@link CompareSession} and by nobody else.
 * Prints its progress, and its result as JSON in one line. Stops when its standard input ends, because the comparison is
 * stopped or its process gone; it deletes its topic even then.
 */
@Command(name = "compare")
final class ComparedRun implements Callable<Integer> {
    @Mixin
    private ProduceOptions options;

    @Option(names = "--warmup-records")
    private Long warmupRecords;

    @Option(names = "--reporting-interval", defaultValue = "5000")
    private long reportingIntervalMs;

    /** With it, what is there at the bootstrap server is a sink. */
    @Option(names = "--delay-of-sink")
    private String delayOfSink;

    /** Makes the run and ends the process with its exit code, which is one of {@code produce}. */
    public static void main(String[] args) {
        ChildRun.main(new ComparedRun(), args);
    }

    /**
     * What a run with these arguments would do.
     *
     * @throws UsageException when an argument is wrong
     */
    static ProduceSpec specOf(List<String> args) {
        ComparedRun run = new ComparedRun();
        ChildRun.parse(run, args);
        return run.spec();
    }

    private ProduceSpec spec() {
        ProduceSpec spec = options.toSpec(Warmup.ofComparedRuns(warmupRecords), Targets.parse(List.of()));
        if (delayOfSink == null) {
            return spec;
        }
        if (spec.transactional().isPresent()) {
            throw new UsageException("--sink and transactions exclude each other: the sink has no transaction coordinator");
        }
        return new ProduceSpec(spec.client(), spec.settings(), spec.load(), spec.transactional(),
                spec.where().asSink(TimeSpan.parse(delayOfSink, "--delay-of-sink")), spec.targets());
    }

    @Override
    public Integer call() throws IOException {
        RunConsole console = new RunConsole(System.err, false, Duration.ofMillis(reportingIntervalMs), Optional.empty());
        // The comparison is told of Ctrl-C as well, and decides.
        return new ProduceSession(spec(), ChildRun.stopWithParent(), Interruption.ignore(), console)
                .run(report -> System.out.println(ChildRun.RESULT + ProduceJson.tree(report)));
    }
}
