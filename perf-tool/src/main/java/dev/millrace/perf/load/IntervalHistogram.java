package dev.millrace.perf.load;

import org.HdrHistogram.Histogram;

/**
 * Times in microseconds, written by one thread and taken interval by interval by another.
 *
 * <p>Cheaper for the writer than HdrHistogram's recorders, which pay two atomic additions a value: here the reader offers
 * an empty histogram, and the writer puts it in place of its own at the next value. A writer that is idle hands nothing
 * over; its values are in the next interval or in {@link #remainder}.
 */
final class IntervalHistogram {
    /** An hour; what takes longer counts as an hour. */
    static final long HIGHEST_US = 3_600_000_000L;
    static final int SIGNIFICANT_DIGITS = 3;

    /** Writer thread only, until it is quiescent. */
    private Histogram current = empty();
    /** From the reader to the writer: an empty histogram to go on with. */
    private volatile Histogram offered;
    /** From the writer to the reader: the values up to the exchange. */
    private volatile Histogram handedOver;
    /** Reader thread only: whether an offer has not been answered yet. */
    private boolean waiting;

    static Histogram empty() {
        return new Histogram(1, HIGHEST_US, SIGNIFICANT_DIGITS);
    }

    /** Writer thread only. Times below 0 count as 0. */
    void recordNanos(long nanos) {
        if (offered != null) {
            exchange();
        }
        record(current, nanos);
    }

    /** Adds a time to a histogram of this shape. */
    static void record(Histogram histogram, long nanos) {
        histogram.recordValue(Math.max(0, Math.min(nanos / 1000, HIGHEST_US)));
    }

    private void exchange() {
        Histogram full = current;
        current = offered;
        offered = null;
        handedOver = full;
    }

    /** Reader thread only: adds what the writer handed over since the last call to {@code sum}, and asks for the next. */
    void takeInterval(Histogram sum) {
        Histogram taken = handedOver;
        if (taken != null) {
            handedOver = null;
            waiting = false;
            sum.add(taken);
            taken.reset();
        }
        if (!waiting) {
            waiting = true;
            offered = taken == null ? empty() : taken;
        }
    }

    /** Reader thread only, when the writer writes no more (and the reader knows so by a happens-before edge). */
    void remainder(Histogram sum) {
        Histogram taken = handedOver;
        if (taken != null) {
            handedOver = null;
            sum.add(taken);
        }
        sum.add(current);
        current.reset();
    }
}
