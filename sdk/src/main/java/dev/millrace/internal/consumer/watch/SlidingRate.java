package dev.millrace.internal.consumer.watch;

import java.util.concurrent.TimeUnit;

/** How fast a total grows, over a sliding window that begins with the first look. Poll thread only. */
final class SlidingRate {

    private static final int SAMPLES = 7;

    private final long intervalNs;
    private final long[] atNs = new long[SAMPLES];
    private final long[] totals = new long[SAMPLES];
    /** How many samples were taken, ever. */
    private long taken;

    SlidingRate(long windowNs) {
        intervalNs = Math.max(1, windowNs / (SAMPLES - 1));
    }

    /** Per second; NaN at the first look, when nothing is known of before. */
    double look(long nowNs, long total) {
        if (taken == 0 || nowNs - atNs[place(taken - 1)] >= intervalNs) {
            atNs[place(taken)] = nowNs;
            totals[place(taken)] = total;
            taken++;
        }
        int oldest = place(Math.max(0, taken - SAMPLES));
        long ns = nowNs - atNs[oldest];
        return ns <= 0 ? Double.NaN : (double) (total - totals[oldest]) * TimeUnit.SECONDS.toNanos(1) / ns;
    }

    private static int place(long sample) {
        return (int) (sample % SAMPLES);
    }
}
