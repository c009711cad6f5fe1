package dev.millrace.internal.producer.accumulate;

/** What decides when a queued batch may go. */
interface SendTiming {

    /** {@code linger.ms} */
    long lingerMs();

    /** True while open batches go without waiting: at a flush, at close, or when memory is short. */
    boolean sendOpenBatches();
}
