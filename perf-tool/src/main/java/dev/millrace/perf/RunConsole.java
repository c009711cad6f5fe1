package dev.millrace.perf;

import dev.millrace.perf.load.Interval;
import dev.millrace.perf.load.IntervalListener;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.report.HistogramFile;
import dev.millrace.perf.report.Progress;
import dev.millrace.perf.report.RunReport;
import dev.millrace.perf.spec.Where;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a run tells while it lasts, and the histograms it writes. For one thread.
 *
 * @param out gets lines
 * @param terminal whether a person watches them
 * @param reportEvery time between two lines of progress
 * @param histogramPath gets the histograms of the measured phase
 */
record RunConsole(PrintStream out, boolean terminal, Duration reportEvery, Optional<Path> histogramPath) {
    private static final Duration TICK = Duration.ofMillis(500);

    /** How often a phase should tell its listener. */
    Duration tick() {
        return reportEvery.compareTo(TICK) < 0 ? reportEvery : TICK;
    }

    void say(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }

    void warnOfUnknown(String kind, List<String> keys) {
        keys.forEach(key -> say("millrace-perf: warning: no %s setting is called %s", kind, key));
    }

    /** Brokers are about to be started, when that is so. */
    void sayBrokers(Where where) {
        if (where.bootstrapServers().isEmpty() && where.sinkDelay().isEmpty()) {
            int count = where.embeddedBrokers();
            say("starting %d %s", count, count == 1 ? "embedded broker" : "embedded brokers");
        }
    }

    /** Runs a phase and shows its progress, under a name. */
    <T> T show(String phase, Function<IntervalListener, T> run) {
        Progress progress = new Progress(out, terminal, reportEvery, phase);
        try {
            return run.apply(progress);
        } finally {
            progress.end();
        }
    }

    /** The same, and writes its histograms where that is wanted. */
    <T> T showAndWrite(String phase, HistogramFile.Kind kind, Function<IntervalListener, T> run,
            Function<T, HistogramFile.Whole> whole) {
        return show(phase, progress -> {
            if (histogramPath.isEmpty()) {
                return run.apply(progress);
            }
            try (HistogramFile file = new HistogramFile(histogramPath.get(), reportEvery, kind)) {
                file.begin(System.currentTimeMillis());
                T result = run.apply((Interval interval) -> {
                    progress.interval(interval);
                    file.interval(interval);
                });
                file.end(whole.apply(result), System.currentTimeMillis());
                return result;
            }
        });
    }

    /** Says what the result means, and returns the exit code. */
    int conclude(RunReport report) {
        report.errors().forEach(error -> say("millrace-perf: error: %s", error));
        report.notValid().forEach(reason -> say("millrace-perf: not valid: %s", reason));
        if (report.exitCode() == ExitCode.TARGET_MISSED) {
            say("millrace-perf: a target was missed");
        }
        return report.exitCode();
    }
}
