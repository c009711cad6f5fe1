package dev.millrace.internal.producer.accumulate;

import dev.millrace.internal.producer.batch.ProducerBatch;

/** What decides when a queued batch may go. */
interface SendTiming {

    /** {@code linger.ms} */
    long lingerMs();

    /** How long a batch that failed waits before its next attempt, in ms. */
    long backoffMs(ProducerBatch batch);

    /** True while open batches go without waiting: at a flush, at close, or when memory is short. */
    boolean sendOpenBatches();
}
