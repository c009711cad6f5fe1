package dev.millrace.perf.report;

import dev.millrace.perf.load.Interval;
import dev.millrace.perf.load.IntervalListener;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * Tells how a phase gets on: one line written over and over on a terminal, a line per reporting interval elsewhere. For one
 * thread.
 */
public final class Progress implements IntervalListener {
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private final long reportEveryMs;
    private final String phase;
    /** Of the line being gathered. */
    private Histogram response;
    private long gatheredMs;
    private long ackedBefore;
    private long elapsedBeforeNs;

    /** @param reportEvery time between two lines when {@code out} is no terminal */
    public Progress(PrintStream out, boolean terminal, Duration reportEvery, String phase) {
        this.out = out;
        this.terminal = terminal;
        this.reportEveryMs = reportEvery.toMillis();
        this.phase = phase;
    }

    @Override
    public void interval(Interval interval) {
        if (response == null) {
            response = new Histogram(interval.response());
        }
        if (interval.elapsedNs() < elapsedBeforeNs) {
            // Another round of the warm-up, which counts from 0.
            ackedBefore = 0;
        }
        elapsedBeforeNs = interval.elapsedNs();
        response.add(interval.response());
        gatheredMs += interval.endMs() - interval.startMs();
        // Ticks are a little uneven; a line that waits for the next one would come twice as late.
        if (terminal || gatheredMs >= reportEveryMs * 0.95) {
            print(interval);
            response.reset();
            gatheredMs = 0;
            ackedBefore = interval.acked();
        }
    }

    private void print(Interval interval) {
        double rate = (interval.acked() - ackedBefore) * 1e3 / Math.max(1, gatheredMs);
        String line = String.format(Locale.ROOT, "%s %3d%%  %,d / %,d  %,.0f records/s  p99 %s%s%s",
                phase,
                interval.total() == 0 ? 100 : 100 * (interval.acked() + interval.failed()) / interval.total(),
                interval.acked(), interval.total(), rate, p99(), failures(interval), timeLeft(interval));
        if (terminal) {
            out.print(ERASE_LINE + line);
            out.flush();
        } else {
            out.println(line);
        }
    }

    private String p99() {
        return response.getTotalCount() == 0
                ? "-" : String.format(Locale.ROOT, "%.1f ms", response.getValueAtPercentile(99) / 1e3);
    }

    private static String failures(Interval interval) {
        return interval.failed() == 0 ? "" : String.format(Locale.ROOT, "  %,d errors", interval.failed());
    }

    private static String timeLeft(Interval interval) {
        long finished = interval.acked() + interval.failed();
        if (finished == 0) {
            return "";
        }
        double secondsLeft = interval.elapsedNs() / 1e9 * (interval.total() - finished) / finished;
        return String.format(Locale.ROOT, "  %,.0f s left", Math.ceil(secondsLeft));
    }

    /** Takes the line away from a terminal. */
    public void end() {
        if (terminal) {
            out.print(ERASE_LINE);
            out.flush();
        }
    }
}
