package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.UsageException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/** What runs of a comparison have in common, each in a process of its own: how they are told of, and how they end. */
final class ChildRun {
    /** What the line with the result begins with. */
    static final String RESULT = "millrace-perf-result ";
    /** Longer than a run needs to stop and to clean up. */
    private static final long STOP_SECONDS = 30;

    private ChildRun() {
    }

    /** Makes the run and ends the process with its exit code. */
    static void main(Object command, String[] args) {
        MillracePerf.setLogLevels();
        System.exit(commandLine(command).execute(args));
    }

    /** @throws UsageException when an argument is wrong */
    static void parse(Object command, List<String> args) {
        try {
            commandLine(command).parseArgs(args.toArray(String[]::new));
        } catch (CommandLine.ParameterException e) {
            throw new UsageException(e.getMessage(), e);
        }
    }

    private static CommandLine commandLine(Object command) {
        // What a side says goes over what both are told.
        return MillracePerf.configured(new CommandLine(command)).setOverwrittenOptionsAllowed(true);
    }

    /** Stops the run when its standard input ends: the comparison is stopped, or its process gone. */
    static StopSignal stopWithParent() {
        StopSignal stop = new StopSignal();
        Thread parent = new Thread(() -> stopWithInput(stop), "millrace-perf-stdin");
        parent.setDaemon(true);
        parent.start();
        return stop;
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
