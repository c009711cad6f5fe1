package dev.millrace.perf.consume;

import dev.millrace.perf.load.IntervalHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** Times in microseconds, written by any number of threads and taken interval by interval by one. */
final class SharedHistogram {
    private final Recorder recorder =
            new Recorder(1, IntervalHistogram.HIGHEST_US, IntervalHistogram.SIGNIFICANT_DIGITS);
    /** Reader thread only: the former interval's, used again. */
    private Histogram taken;

    /** Any thread. Times below 0 count as 0. */
    void recordNanos(long nanos) {
        recorder.recordValue(IntervalHistogram.micros(nanos));
    }

    /** Reader thread only: adds what was written since the last call to {@code sum}. */
    void takeInterval(Histogram sum) {
        taken = recorder.getIntervalHistogram(taken);
        sum.add(taken);
    }
}
