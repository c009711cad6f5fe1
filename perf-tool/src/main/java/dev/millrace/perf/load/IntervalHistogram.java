package dev.millrace.perf.load;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/** Times in microseconds, written by one thread and taken interval by interval by another; neither waits for the other. */
public final class IntervalHistogram {
    /** An hour; what takes longer counts as an hour. */
    public static final long HIGHEST_US = 3_600_000_000L;
    public static final int SIGNIFICANT_DIGITS = 3;

    private final SingleWriterRecorder recorder = new SingleWriterRecorder(1, HIGHEST_US, SIGNIFICANT_DIGITS);
    /** Reader thread only: the former interval's, used again. */
    private Histogram taken;

    /** A histogram of this shape. */
    public static Histogram empty() {
        return new Histogram(1, HIGHEST_US, SIGNIFICANT_DIGITS);
    }

    /** Writer thread only. Times below 0 count as 0. */
    public void recordNanos(long nanos) {
        recorder.recordValue(micros(nanos));
    }

    /** Adds a time to a histogram of this shape. */
    static void record(Histogram histogram, long nanos) {
        histogram.recordValue(micros(nanos));
    }

    /** What a time is recorded as. */
    public static long micros(long nanos) {
        return Math.max(0, Math.min(nanos / 1000, HIGHEST_US));
    }

    /** Reader thread only: adds what was written since the last call to {@code sum}. */
    void takeInterval(Histogram sum) {
        taken = recorder.getIntervalHistogram(taken);
        sum.add(taken);
    }
}
