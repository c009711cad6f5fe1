package dev.millrace.perf.consume;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * Completes stages a fixed time after they were asked for. As the time is always the same, the first one in is the first one out,
 * and a plain queue does what a timer needs a heap and a lock for: hundreds of thousands a second must not be limited by the tool.
 * Any thread asks; one of its own completes.
 */
final class DelayLine implements AutoCloseable {
    private final long nanos;
    private final ConcurrentLinkedQueue<Waiting> queue = new ConcurrentLinkedQueue<>();
    private final Thread thread = new Thread(this::run, "millrace-perf-timer");
    /** Written by the line's thread: whether somebody has to wake it. */
    private volatile boolean idle;
    private volatile boolean closed;

    private record Waiting(long untilNs, LongConsumer done, CompletableFuture<Void> stage) {
    }

    DelayLine(long nanos) {
        this.nanos = nanos;
        thread.setDaemon(true);
        thread.start();
    }

    /** @param done is told the time, before the stage is completed */
    CompletionStage<?> add(long startNs, LongConsumer done) {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        queue.add(new Waiting(startNs + nanos, done, stage));
        if (idle) {
            LockSupport.unpark(thread);
        }
        return stage;
    }

    private void run() {
        while (!closed) {
            Waiting first = queue.peek();
            if (first == null) {
                awaitFirst();
                continue;
            }
            long nowNs = System.nanoTime();
            if (first.untilNs() - nowNs > 0) {
                LockSupport.parkNanos(first.untilNs() - nowNs);
                continue;
            }
            queue.poll();
            first.done().accept(nowNs);
            first.stage().complete(null);
        }
    }

    private void awaitFirst() {
        idle = true;
        // Looked at again: what was added before the flag was seen wakes nobody.
        if (queue.isEmpty() && !closed) {
            LockSupport.park(this);
        }
        idle = false;
    }

    /** Ends it; what waits is not completed any more. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
