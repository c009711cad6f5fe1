package dev.millrace.internal.consumer.work;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Records on their way back to the poll thread: pushed by any thread, taken all at once. Who pushes wakes the poll thread when as many
 * lie there as it said it waits for, or when the record is more urgent than that.
 */
public final class Completions {

    /** Wakes the poll thread; called at most once for each {@link #wakeAt}. */
    private final Runnable wakeup;
    private final AtomicReference<WorkRecord> top = new AtomicReference<>();
    /** The poll thread sets it before it sleeps; who wakes it sets it back. */
    private volatile int wakeAt = Integer.MAX_VALUE;
    /** Set by who pushes something urgent, cleared by the poll thread before it takes all. */
    private volatile boolean urgent;

    public Completions(Runnable wakeup) {
        this.wakeup = wakeup;
    }

    /** Any thread. */
    void push(WorkRecord record, boolean isUrgent) {
        WorkRecord under;
        do {
            under = top.get();
            record.link = under;
            record.depth = under == null ? 1 : under.depth + 1;
        } while (!top.compareAndSet(under, record));
        if (isUrgent)
            urgent = true;
        int wanted = wakeAt;
        if (wanted != Integer.MAX_VALUE && (isUrgent || record.depth >= wanted))
            wake();
    }

    /** Has the poll thread look again, though nothing was pushed; any thread. */
    void alert() {
        urgent = true;
        wake();
    }

    /** Wakes the poll thread if it sleeps; any thread. */
    public void wake() {
        if (wakeAt != Integer.MAX_VALUE) {
            wakeAt = Integer.MAX_VALUE;
            wakeup.run();
        }
    }

    /** All that lie there, newest first, linked; null when none. Poll thread. */
    public WorkRecord takeAll() {
        if (urgent)
            urgent = false;
        return top.get() == null ? null : top.getAndSet(null);
    }

    /** Whether nothing lies there; any thread. */
    public boolean isEmpty() {
        return top.get() == null;
    }

    /** The record behind one that was taken; poll thread. */
    public static WorkRecord next(WorkRecord record) {
        WorkRecord next = record.link;
        record.link = null;
        return next;
    }

    /**
     * Says that the poll thread is about to sleep. Poll thread.
     *
     * @param count how many records to be woken for; it is also woken for a failed one
     * @return false when so many are there already
     */
    public boolean beginSleep(int count) {
        wakeAt = Math.max(1, count);
        // After the write: a push that came before it is seen here, one that comes after it sees the count.
        WorkRecord now = top.get();
        return !urgent && (now == null || now.depth < count);
    }

    /** The poll thread is awake. */
    public void endSleep() {
        wakeAt = Integer.MAX_VALUE;
    }
}
