package dev.millrace.partitioner;

/**
 * What a producer engine knows about the partitions it writes to. Implemented by the engine; every method is cheap,
 * never blocks and may be called by any thread, also for a topic or partition nothing was sent to yet.
 */
public interface PartitionLoad {
    /**
     * Batches of the partition that have not been sent yet: the sealed ones and the open one, those waiting to be
     * sent again included, those on the wire not.
     *
     * @return 0 or more; 0 for a partition the engine has never written to
     */
    int queuedBatches(String topic, int partition);

    /**
     * False while the partition's leader has had data ready for longer than
     * {@code partitioner.availability.timeout.ms} without taking it. Always true where that timeout is 0 (the default),
     * and for a partition the engine has never written to.
     */
    boolean available(String topic, int partition);
}
