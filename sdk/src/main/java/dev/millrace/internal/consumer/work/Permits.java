package dev.millrace.internal.consumer.work;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many asynchronous records may be in work at once; the number can change at any time.
 *
 * <p>A worker that waits is not woken by each permit that comes back while they come fast, or there would be a change of threads for each
 * record: it wants a share of them at once, or those that are there after a moment. Only after a moment without any is it woken by the next.
 */
final class Permits {

    private static final long MOMENT_NS = TimeUnit.MICROSECONDS.toNanos(200);
    /** After that a worker looks again by itself: another one that was woken may be held up in a handler. */
    private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(10);
    /** One of so many permits is worth waking for at once. */
    private static final int SHARE = 16;

    /** Below zero when there are fewer in all than are out. */
    private final AtomicInteger free;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition enough = lock.newCondition();
    /** Guarded by the lock. */
    private int total;
    private int waiting;
    /** How many have to be free for those who wait to be woken, {@link Integer#MAX_VALUE} when nobody does; written under the lock. */
    private volatile int wakeAt = Integer.MAX_VALUE;
    private volatile boolean closed;

    Permits(int total) {
        this.total = total;
        this.free = new AtomicInteger(total);
    }

    /** Waits for one; false when closed. */
    boolean acquire() {
        return !closed && (tryAcquire() || await());
    }

    /** One, if there is one at once. */
    boolean tryAcquire() {
        int now = free.get();
        while (now > 0) {
            if (free.compareAndSet(now, now - 1))
                return true;
            now = free.get();
        }
        return false;
    }

    private boolean await() {
        boolean interrupted = false;
        lock.lock();
        try {
            waiting++;
            long waitNs = MOMENT_NS;
            while (!closed) {
                wakeAt = waitNs == MOMENT_NS ? share() : 1;
                // After the write: a permit that comes back before it is seen here, one that comes after it sees what is waited for.
                try {
                    if (free.get() < wakeAt)
                        enough.awaitNanos(waitNs);
                } catch (InterruptedException e) {
                    // By a handler that ran on this thread: no reason for a worker to end.
                    interrupted = true;
                }
                if (tryAcquire())
                    return true;
                waitNs = LOOK_AGAIN_NS;
            }
            return false;
        } finally {
            waiting--;
            wakeAt = waiting == 0 ? Integer.MAX_VALUE : share();
            // What is left is for the others.
            if (free.get() > 0)
                enough.signal();
            lock.unlock();
            if (interrupted)
                Thread.currentThread().interrupt();
        }
    }

    private int share() {
        return Math.max(1, total / SHARE);
    }

    /** Any thread. */
    void release() {
        if (free.incrementAndGet() >= wakeAt)
            wake();
    }

    private void wake() {
        lock.lock();
        try {
            if (free.get() >= wakeAt)
                enough.signal();
        } finally {
            lock.unlock();
        }
    }

    void resize(int wanted) {
        lock.lock();
        try {
            free.addAndGet(wanted - total);
            total = wanted;
            enough.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Lets all who wait go. */
    void close() {
        lock.lock();
        try {
            closed = true;
            enough.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
