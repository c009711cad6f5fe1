package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.BrokerClient.ProducerIdResult;
import dev.millrace.internal.producer.net.PartitionResult;
import java.util.List;
import org.apache.kafka.common.KafkaException;

/**
 * Producer id, epoch and sequences: what makes the brokers drop duplicates and refuse gaps (KIP-98, KIP-360). Does no I/O.
 *
 * <p>Threads: the sender thread only, but for {@link #throwIfFatal} and {@link #recordRefused}.
 */
public interface Sequences {

    /** Whether the batch at the head of a queue may be sent now, or must wait for others of its partition. */
    boolean maySend(ProducerBatch head);

    /** A batch leaves its queue: gives it its sequence, unless it has one. */
    void assign(ProducerBatch batch);

    /** Whether a batch that failed so may be sent again, by what its sequence says. */
    boolean canRetry(ProducerBatch batch, PartitionResult result);

    /** The broker has the batch. */
    void acked(ProducerBatch batch);

    /**
     * The broker refused the batch, which will not be sent again.
     *
     * @param appendedNowhere none of its attempts can have been written, so that its sequence is free and leaves a gap
     */
    void failed(ProducerBatch batch, RuntimeException error, boolean appendedNowhere);

    /** The client gave the batch up: whether it was written, if it was ever sent, is not known. */
    void abandoned(ProducerBatch batch, RuntimeException reason);

    /** A batch was replaced by its parts, which take over its sequences. */
    void split(ProducerBatch batch, List<ProducerBatch> parts);

    /**
     * Settles what earlier failures left open, once the partitions concerned have nothing in flight.
     *
     * @return true when partitions that were held may go now
     */
    boolean settle();

    /** Whether a producer id is to be asked for now. */
    boolean wantsProducerId();

    void producerIdRequested();

    /**
     * Takes the answer.
     *
     * @return an exception that all records so far must fail with, or null
     */
    RuntimeException producerIdReceived(ProducerIdResult result);

    /** What ended this producer for good, or null. */
    RuntimeException fatalError();

    /**
     * Any thread.
     *
     * @throws KafkaException when this producer can't send any more
     */
    void throwIfFatal();

    /**
     * A record could not be taken; any thread.
     *
     * @throws IllegalStateException when that happened outside of a transaction to a producer that sends within them only
     */
    void recordRefused(RuntimeException error);
}
