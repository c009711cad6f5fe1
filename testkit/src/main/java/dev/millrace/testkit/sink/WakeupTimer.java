package dev.millrace.testkit.sink;

import java.nio.channels.Selector;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Wakes a selector at a time, to the tenth of a millisecond or so: a selector's own time-out is in whole milliseconds, and a delay of 2 ms
 * was one of 2 to 3.
 */
final class WakeupTimer implements AutoCloseable {
    private static final long NEVER = Long.MAX_VALUE;

    private final Selector selector;
    private final Thread thread = new Thread(this::run, "sink-timer");
    /** Set by the selector's thread; set back by the timer's when it has come, unless it was put off meanwhile. */
    private final AtomicLong dueNs = new AtomicLong(NEVER);
    private volatile boolean closed;

    WakeupTimer(Selector selector) {
        this.selector = selector;
        thread.setDaemon(true);
    }

    /** Before the first {@link #at}. */
    void start() {
        thread.start();
    }

    /** Wakes the selector at this time, {@link System#nanoTime}, and not at the one said before. The selector's thread. */
    void at(long ns) {
        long before = dueNs.getAndSet(ns);
        // Who waits for an earlier time looks at this one then, and goes on waiting.
        if (before == NEVER || ns - before < 0)
            LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            long due = dueNs.get();
            if (due == NEVER) {
                LockSupport.park(this);
                continue;
            }
            long leftNs = due - System.nanoTime();
            if (leftNs > 0) {
                LockSupport.parkNanos(this, leftNs);
                continue;
            }
            // Before the wakeup: what the woken thread says next must not be lost.
            if (dueNs.compareAndSet(due, NEVER))
                selector.wakeup();
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
