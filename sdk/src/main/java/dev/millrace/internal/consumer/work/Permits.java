package dev.millrace.internal.consumer.work;

import java.util.concurrent.Semaphore;

/** How many asynchronous records may be in work at once; the number can change at any time. */
final class Permits {

    /** A semaphore that can take permits back that are out: it counts below zero then. */
    private static final class Shrinkable extends Semaphore {
        private static final long serialVersionUID = 1L;

        Shrinkable(int permits) {
            super(permits);
        }

        @Override
        protected void reducePermits(int reduction) {
            super.reducePermits(reduction);
        }
    }

    private final Shrinkable semaphore;
    /** Guarded by this. */
    private int total;
    private volatile boolean closed;

    Permits(int total) {
        this.total = total;
        this.semaphore = new Shrinkable(total);
    }

    /** Waits for one; false when closed. */
    boolean acquire() {
        semaphore.acquireUninterruptibly();
        if (closed) {
            semaphore.release();
            return false;
        }
        return true;
    }

    void release() {
        semaphore.release();
    }

    synchronized void resize(int wanted) {
        if (wanted > total)
            semaphore.release(wanted - total);
        else
            semaphore.reducePermits(total - wanted);
        total = wanted;
    }

    /** Lets all who wait go; once, for a semaphore does not count any further. */
    synchronized void close() {
        if (closed)
            return;
        closed = true;
        semaphore.release(Integer.MAX_VALUE / 2);
    }
}
