package dev.millrace.perf.consume;

import dev.millrace.perf.spec.RunFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Asks for the committed lag again and again, on a thread of its own, for it asks a broker. */
final class LagSampler implements AutoCloseable {
    private static final long INTERVAL_MS = 1_000;

    private final LongSupplier lag;
    private final long startNs;
    private final Thread thread = new Thread(this::run, "millrace-perf-lag");
    /** Sampling thread until it has ended. */
    private final List<LagSample> samples = new ArrayList<>();

    /** @param lag may throw {@link RunFailedException}, and that sample is missing */
    LagSampler(LongSupplier lag, long startNs) {
        this.lag = lag;
        this.startNs = startNs;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            while (true) {
                sample();
                TimeUnit.MILLISECONDS.sleep(INTERVAL_MS);
            }
        } catch (InterruptedException e) {
            // That is how it ends.
        }
    }

    private void sample() throws InterruptedException {
        try {
            double seconds = (System.nanoTime() - startNs) / 1e9;
            long records = lag.getAsLong();
            samples.add(new LagSample(seconds, records));
        } catch (RunFailedException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    /** The samples so far. After {@link #close}. */
    List<LagSample> samples() {
        return List.copyOf(samples);
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
