package dev.millrace.internal.consumer.work;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Units that are ready to run, those of a higher priority first, and the workers that wait for one.
 *
 * <p>A worker says that it is idle and looks again before it sleeps; who adds a unit looks for idle workers afterwards. So one of the
 * two sees the other. Taking an idle worker off the count and releasing a permit go together: as many permits are there as workers were
 * called and did not come yet.
 *
 * <p>One worker at most is <em>called</em> and has not looked into the queue yet; until it has, nobody calls another. When it finds
 * a unit and sees that there are more, it calls the next. So work that is done faster than it comes wakes one thread now and then, and
 * work that blocks wakes one after the other until all are busy.
 */
final class RunQueue {

    private final List<Queue<Unit>> levels = new ArrayList<>();
    private final AtomicInteger idle = new AtomicInteger();
    private final Semaphore calls = new Semaphore(0);
    /** Set by who calls a worker, cleared by that worker when it has looked. */
    private final AtomicBoolean called = new AtomicBoolean();
    private volatile boolean closed;

    RunQueue(int priorities) {
        for (int i = 0; i < priorities; i++)
            levels.add(new ConcurrentLinkedQueue<>());
    }

    /** Adds a unit and calls a worker for it; any thread. */
    void add(Unit unit) {
        put(unit);
        call();
    }

    /** Adds a unit; whoever puts some in a row does {@link #call} afterwards. Any thread. */
    void put(Unit unit) {
        levels.get(unit.level()).add(unit);
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

    private boolean isEmpty() {
        for (int i = 0; i < levels.size(); i++)
            if (!levels.get(i).isEmpty())
                return false;
        return true;
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
                come();
            return unit;
        }
        calls.acquireUninterruptibly();
        unit = poll();
        called.set(false);
        // Who added one before that write counted on this worker; who adds one afterwards calls.
        if (unit == null)
            unit = poll();
        if (unit != null && !isEmpty())
            call();
        return unit;
    }

    /** Called, but with a unit already. */
    private void come() {
        calls.acquireUninterruptibly();
        called.set(false);
        if (!isEmpty())
            call();
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

    /** Calls an idle worker, unless there is none or one is on its way; any thread. */
    void call() {
        while (idle.get() > 0 && called.compareAndSet(false, true)) {
            if (leaveIdle()) {
                calls.release();
                return;
            }
            // All had come by themselves. One that is idle again since may have seen nothing, and nobody who relied on this call.
            called.set(false);
        }
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
