package dev.millrace.perf.jmh;

import java.util.concurrent.locks.LockSupport;

/**
 * A thread in the place of a client's sender thread: it takes batches out and sends nothing. Where more threads append than there are
 * processors it gets too small a share of them, so those who append help when half the memory is in use.
 */
final class Drain {
    /** Short against the time in which memory runs out, long enough to cost nothing. */
    private static final long PAUSE_NS = 100_000;

    private final SendPath path;
    private final long helpBelow;
    private final Thread thread = new Thread(this::run, "drain");
    private volatile boolean stopped;
    /** Written before the thread ends, read after it has. */
    private Throwable failure;

    Drain(SendPath path, long bufferMemory) {
        this.path = path;
        this.helpBelow = bufferMemory / 2;
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (!stopped) {
                if (once() == 0) {
                    LockSupport.parkNanos(PAUSE_NS);
                }
            }
        } catch (Throwable t) {
            failure = t;
        }
    }

    private synchronized int once() {
        return path.drain();
    }

    /** Does the drain's work if it has fallen behind; any thread, now and then. */
    void helpIfBehind() {
        if (path.availableMemory() < helpBelow) {
            once();
        }
    }

    /** @throws IllegalStateException when the drain had failed */
    void close() throws InterruptedException {
        stopped = true;
        thread.join();
        if (failure != null) {
            throw new IllegalStateException("the drain failed, so memory ran out and the figures are void", failure);
        }
    }
}
