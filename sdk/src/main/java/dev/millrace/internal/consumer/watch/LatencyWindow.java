package dev.millrace.internal.consumer.watch;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.IntCountsHistogram;

/**
 * How long handlers took, over a sliding window: a ring of histograms, of which the oldest is emptied when the newest is full. What is
 * asked for covers between five sixths of the window and all of it. Recording allocates nothing. Poll thread only.
 */
final class LatencyWindow {

    private static final int SLOTS = 6;
    /** What took longer counts as this. */
    private static final long LONGEST_NS = TimeUnit.HOURS.toNanos(24);
    /** Values are right to 1 %, and a slot takes 20 KB. */
    private static final int DIGITS = 2;
    private static final double NS_PER_MS = 1e6;
    private static final double P50 = 50;
    private static final double P99 = 99;
    private static final double P999 = 99.9;

    private final long slotMs;
    private final IntCountsHistogram[] slots = new IntCountsHistogram[SLOTS];
    private final Histogram all = new Histogram(LONGEST_NS, DIGITS);
    /** Number of the slot since the epoch; its place is the rest of a division. */
    private long slot;
    private IntCountsHistogram current;

    /** Milliseconds; all are NaN when no handler ended within the window. */
    record Latency(double p50Ms, double p99Ms, double p999Ms, double maxMs) {
        static final Latency NONE = new Latency(Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }

    LatencyWindow(long windowMs, long nowMs) {
        slotMs = Math.max(1, windowMs / SLOTS);
        for (int i = 0; i < SLOTS; i++)
            slots[i] = new IntCountsHistogram(LONGEST_NS, DIGITS);
        slot = nowMs / slotMs;
        current = slots[(int) (slot % SLOTS)];
    }

    void record(long durationNs) {
        current.recordValue(Math.max(0, Math.min(LONGEST_NS, durationNs)));
    }

    /** Moves on to this time, and sums up what is left then. */
    Latency look(long nowMs) {
        rotate(nowMs / slotMs);
        all.reset();
        for (IntCountsHistogram one : slots)
            if (one.getTotalCount() > 0)
                all.add(one);
        return all.getTotalCount() == 0 ? Latency.NONE
                : new Latency(ms(P50), ms(P99), ms(P999), all.getMaxValue() / NS_PER_MS);
    }

    private double ms(double percentile) {
        return all.getValueAtPercentile(percentile) / NS_PER_MS;
    }

    private void rotate(long now) {
        if (now <= slot)
            // Also when the clock was set back.
            return;
        for (long next = Math.max(slot + 1, now - SLOTS + 1); next <= now; next++)
            slots[(int) (next % SLOTS)].reset();
        slot = now;
        current = slots[(int) (slot % SLOTS)];
    }
}
