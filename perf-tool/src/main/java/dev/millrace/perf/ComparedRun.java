package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
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
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
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
    /** What the line with the result begins with. */
    static final String RESULT = "millrace-perf-result ";
    /** Longer than a run needs to stop and to clean up. */
    private static final long STOP_SECONDS = 30;

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
        MillracePerf.setLogLevels();
        System.exit(commandLine(new ComparedRun()).execute(args));
    }

    private static CommandLine commandLine(ComparedRun run) {
        // What a side says goes over what both are told.
        return MillracePerf.configured(new CommandLine(run)).setOverwrittenOptionsAllowed(true);
    }

    /**
     * What a run with these arguments would do.
     *
     * @throws UsageException when an argument is wrong
     */
    static ProduceSpec specOf(List<String> args) {
        ComparedRun run = new ComparedRun();
        try {
            commandLine(run).parseArgs(args.toArray(String[]::new));
        } catch (CommandLine.ParameterException e) {
            throw new UsageException(e.getMessage(), e);
        }
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
        StopSignal stop = new StopSignal();
        // The comparison is told of Ctrl-C as well, and decides.
        Interruption interruption = Interruption.ignore();
        Thread parent = new Thread(() -> stopWithInput(stop), "millrace-perf-stdin");
        parent.setDaemon(true);
        parent.start();
        RunConsole console = new RunConsole(System.err, false, Duration.ofMillis(reportingIntervalMs), Optional.empty());
        return new ProduceSession(spec(), stop, interruption, console).run(report -> System.out.println(RESULT + ProduceJson.tree(report)));
    }

    private static void stopWithInput(StopSignal stop) {
        try {
            while (System.in.read() >= 0) {
                // Nothing is said; only the end counts.
            }
        } catch (IOException e) {
            // A broken pipe is an end too.
        }
        stop.request();
        try {
            TimeUnit.SECONDS.sleep(STOP_SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
    }
}
