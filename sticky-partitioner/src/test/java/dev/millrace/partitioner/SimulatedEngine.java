package dev.millrace.partitioner;

import org.apache.kafka.common.Cluster;

/**
 * Queues and brokers of one topic, as far as a partitioner can tell them from real ones. Time is counted in records:
 * after every {@code drainEvery} of them one partition, in turn, sends its oldest batch, an open one only when it is
 * full or has lingered. One thread.
 */
final class SimulatedEngine implements PartitionLoad {
    static final int LINGER = 2_000;
    private static final int HEADER_BYTES = StickyTopic.BATCH_OVERHEAD_BYTES;

    final long[] records;
    private final StickyPartitioner partitioner;
    private final Cluster cluster;
    private final int batchSize;
    private final int drainEvery;
    /** The partition that sends at every tenth of its turns only; -1: none. */
    private final int slow;
    /** Per partition: batches, the open one included, and the bytes of the open one (0: none is open). */
    private final int[] queued;
    private final int[] open;
    private final long[] openedAt;
    private long sent;
    private int lastBytes;
    private long turns;

    SimulatedEngine(StickyPartitioner partitioner, int partitions, int batchSize, int drainEvery, int slow) {
        this.partitioner = partitioner;
        this.cluster = Topics.cluster(partitions);
        this.batchSize = batchSize;
        this.drainEvery = drainEvery;
        this.slow = slow;
        this.records = new long[partitions];
        this.queued = new int[partitions];
        this.open = new int[partitions];
        this.openedAt = new long[partitions];
        partitioner.watch(this);
    }

    void send(long count, int recordBytes) {
        for (long i = 0; i < count; i++) {
            send(recordBytes);
        }
    }

    int send(int recordBytes) {
        int partition = partitioner.partition(Topics.TOPIC, null, null, null, null, cluster);
        records[partition]++;
        int grown = recordBytes;
        if (open[partition] == 0 || open[partition] + recordBytes > batchSize) {
            queued[partition]++;
            open[partition] = HEADER_BYTES;
            openedAt[partition] = sent;
            grown += HEADER_BYTES;
        }
        open[partition] += recordBytes;
        lastBytes = recordBytes;
        partitioner.appended(Topics.TOPIC, partition, grown, open[partition] + recordBytes > batchSize, cluster);
        if (++sent % drainEvery == 0) {
            drainOne();
        }
        return partition;
    }

    private void drainOne() {
        int partition = (int) (turns % queued.length);
        long round = turns++ / queued.length;
        if (sendable(partition) && (partition != slow || round % 10 == 0)) {
            drain(partition);
        }
    }

    private boolean sendable(int partition) {
        return queued[partition] > 1 || queued[partition] == 1
                && (open[partition] + lastBytes > batchSize || sent - openedAt[partition] > LINGER);
    }

    void drain(int partition) {
        if (--queued[partition] == 0) {
            open[partition] = 0;
        }
    }

    @Override
    public int queuedBatches(String topic, int partition) {
        return queued[partition];
    }

    @Override
    public boolean available(String topic, int partition) {
        return true;
    }
}
