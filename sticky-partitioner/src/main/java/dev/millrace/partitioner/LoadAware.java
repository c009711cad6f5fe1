package dev.millrace.partitioner;

import org.apache.kafka.common.Cluster;

/**
 * What a producer engine tells a {@link org.apache.kafka.clients.producer.Partitioner} that implements this interface
 * next to it. Millrace's engine does; a plain {@code KafkaProducer} knows nothing of it and never calls these methods,
 * so an implementation must work without them, on what
 * {@link org.apache.kafka.clients.producer.Partitioner#partition partition} sees.
 *
 * <p>An engine may call {@code partition} more than once for one record (a batch was sealed, or another thread switched
 * the partition, while it waited for a lock). A watched partitioner therefore counts in {@link #appended}, never in
 * {@code partition}.
 */
public interface LoadAware {
    /** Called once, after {@code configure} and before the first record. */
    void watch(PartitionLoad load);

    /**
     * Records whose partition this partitioner chose were appended; or a batch was sealed, with the bytes it left
     * unused. An engine need not tell of each record by itself (Millrace's tells when a batch is full, or when
     * {@code batch.size} bytes have come together), nor of records whose key decided. Called by a thread that appends, possibly
     * while it holds the partition's lock: no blocking, no call that could come back to the same partition's queue
     * other than those of {@link PartitionLoad}.
     *
     * @param partition   where it went, which need not be the partition chosen last
     * @param bytes       by how much the partition's batches grew, in the unit of {@code batch.size} (the estimated
     *                    compressed size)
     * @param batchesFull every batch queued for the partition is sealed, or so full that another record of so many bytes
     *                    would not fit: a switch now leaves no fractional batch behind
     * @param cluster     the metadata snapshot {@code partition} was called with, or a newer one
     */
    void appended(String topic, int partition, int bytes, boolean batchesFull, Cluster cluster);

    /**
     * A thread that appends a record whose partition this partitioner chose found another thread at the same partition.
     * If that happens often, it is better to let threads write to different ones. Called like {@link #appended}.
     */
    default void collided(String topic) {
    }
}
