package dev.millrace.perf.consume;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/** Work that takes time and no processor, as a call to another service does. Thread-safe. */
final class SimulatedWork implements AutoCloseable {
    private final long nanos;
    /** Null when nothing is asynchronous, or takes no time. */
    private final DelayLine line;

    SimulatedWork(Duration work, boolean async) {
        this.nanos = work.toNanos();
        this.line = async && nanos > 0 ? new DelayLine(nanos) : null;
    }

    boolean takesTime() {
        return nanos > 0;
    }

    /**
     * Parks this thread until the work has lasted long enough: a park may end early.
     *
     * @return the time when it is done
     */
    long run(long startNs) {
        long nowNs = startNs;
        while (nowNs - startNs < nanos && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(nanos - (nowNs - startNs));
            nowNs = System.nanoTime();
        }
        return nowNs;
    }

    /**
     * Holds no thread.
     *
     * @param done is told the time when it is done, before the stage is completed
     */
    CompletionStage<?> runAsync(long startNs, LongConsumer done) {
        if (line == null) {
            done.accept(startNs);
            return CompletableFuture.completedFuture(null);
        }
        return line.add(startNs, done);
    }

    @Override
    public void close() {
        if (line != null) {
            line.close();
        }
    }
}
