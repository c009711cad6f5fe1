package dev.millrace.perf.jmh;

import dev.millrace.perf.load.IntervalHistogram;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs the measured process to record one latency: the tool's way, a recorder for one writer, beside the bare
 * histogram and the recorder for many.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LatencyRecordingBenchmark {
    private static final long HIGHEST_US = 3_600_000_000L;

    private final IntervalHistogram interval = new IntervalHistogram();
    private final Recorder recorder = new Recorder(1, HIGHEST_US, 3);
    private final Histogram plain = new Histogram(1, HIGHEST_US, 3);
    private long nanos;

    /** Between 0 and 16 ms, in no order a branch predictor would learn. */
    private long next() {
        nanos = nanos * 6364136223846793005L + 1442695040888963407L;
        return nanos >>> 40;
    }

    @Benchmark
    public void intervalHistogram() {
        interval.recordNanos(next());
    }

    @Benchmark
    public void multiWriterRecorder() {
        recorder.recordValue(next() / 1000);
    }

    /** The lower bound: nobody can read it while it is written. */
    @Benchmark
    public void plainHistogram() {
        plain.recordValue(next() / 1000);
    }

    /** What each record costs twice whatever the recording does. */
    @Benchmark
    public long lookAtTheClock() {
        return System.nanoTime();
    }
}
