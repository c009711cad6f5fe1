package dev.millrace.internal.consumer.work;

/** How a worker runs what it took out of the queue. One worker's. */
public interface Execution extends AutoCloseable {

    /**
     * Before a unit is taken: waits until one more may be begun; false when it was woken for another reason.
     */
    default boolean mayTake() {
        return true;
    }

    /** As {@link #mayTake}, but without waiting. */
    default boolean mayTakeNow() {
        return true;
    }

    /** Called for the permission that was not used. */
    default void tookNothing() {
    }

    /** Handles what there is of the unit, and sees to it that it is released or back in the queue, now or later. Throws nothing. */
    void run(Unit unit);

    /** On the worker's thread, at its end. */
    @Override
    void close();
}
