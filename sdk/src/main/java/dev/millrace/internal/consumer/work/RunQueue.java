package dev.millrace.internal.consumer.work;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Units that are ready to run, those of a higher priority first, and the workers that wait for one.
 *
 * <p>A worker says that it is idle and looks again before it sleeps; who adds a unit looks for idle workers afterwards. So one of the
 * two sees the other. Taking an idle worker off the count and releasing a permit go together: as many permits are there as workers were
 * called and did not come yet.
 */
final class RunQueue {

    private final List<Queue<Unit>> levels = new ArrayList<>();
    private final AtomicInteger idle = new AtomicInteger();
    private final Semaphore calls = new Semaphore(0);
    private volatile boolean closed;

    RunQueue(int priorities) {
        for (int i = 0; i < priorities; i++)
            levels.add(new ConcurrentLinkedQueue<>());
    }

    /** Adds a unit and calls a worker for it; any thread. */
    void add(Unit unit) {
        levels.get(unit.level()).add(unit);
        call();
    }

    /** A unit, or null when there is none; any thread. */
    Unit poll() {
        for (int i = 0; i < levels.size(); i++) {
            Unit unit = levels.get(i).poll();
            if (unit != null)
                return unit;
        }
        return null;
    }

    /** Waits for a unit; null when {@link #close} was called, or {@link #callAll} for another reason. */
    Unit take() {
        Unit unit = poll();
        if (unit != null || closed)
            return unit;
        idle.incrementAndGet();
        unit = poll();
        if (unit != null || closed) {
            // Whoever has called this worker already has taken it off the count, and left a permit.
            if (!leaveIdle())
                calls.acquireUninterruptibly();
            return unit;
        }
        calls.acquireUninterruptibly();
        return poll();
    }

    /** Has all idle workers look again, at the queue and at what else they go by. */
    void callAll() {
        while (leaveIdle())
            calls.release();
    }

    void close() {
        closed = true;
        callAll();
    }

    boolean isClosed() {
        return closed;
    }

    private void call() {
        if (leaveIdle())
            calls.release();
    }

    private boolean leaveIdle() {
        while (true) {
            int count = idle.get();
            if (count == 0)
                return false;
            if (idle.compareAndSet(count, count - 1))
                return true;
        }
    }
}
