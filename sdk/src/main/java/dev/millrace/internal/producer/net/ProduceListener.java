package dev.millrace.internal.producer.net;

import dev.millrace.internal.producer.batch.ProducerBatch;

/** Hears what became of a produce request; on the sender thread, inside {@link BrokerClient#poll}. */
public interface ProduceListener {

    /** The fate of one batch of the request. */
    void onResult(ProducerBatch batch, PartitionResult result);

    /** A request is over, after all its batches were told, and whatever became of it. */
    void onDone(int nodeId);

    /** A broker answered, after all its batches were told. */
    void onResponse(int nodeId, long latencyMs);
}
