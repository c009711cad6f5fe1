package dev.millrace.internal.consumer.work;

/**
 * What a worker takes out of the run queue: records that may only be handled one after the other, or one record that has no order.
 * It is in the queue once or owned by one worker, never both; all methods are its owner's. Whoever gets it from another thread gets it through
 * the queue, the lane's state or a record's post, and sees what was done before.
 */
public interface Unit {

    /** The place of its priority: 0 is taken first. */
    int level();

    /** The next record to handle, claimed; null when there is none at the moment. */
    WorkRecord next();

    /** The record was handled: what waited behind it may go on. Before it is posted. */
    void succeeded(WorkRecord record);

    /** The record was not handled and will come again or be given up: what must not overtake it waits from now on. Before it is posted. */
    void failed(WorkRecord record);

    /** Whether a record must not overtake another one that failed. */
    boolean mustFollow(WorkRecord record, WorkRecord failed);

    /** Ends the ownership; false when more came meanwhile, and the caller owns it still. */
    boolean release();
}
