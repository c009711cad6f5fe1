package dev.millrace.internal.producer.accumulate;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.Cluster;

/** One topic's partitions, and what is known of its data. */
public final class TopicQueues {

    private final String name;
    private final AppendGate gate;
    /** Batches of all topics that records may be added to; any thread. */
    private final AtomicInteger openBatches;

    /** Indexed by partition, with holes; replaced by a larger copy under this, read by any thread. */
    private volatile PartitionQueue[] queues = {};
    /** Guarded by this. */
    private boolean closed;
    /** What compression leaves of this topic's records; written by finishing threads, an update lost to a race does no harm. */
    private volatile float compressionRatio = 1;
    /** In the cluster asked of last; any thread, and any thread's does. */
    private Size size;
    /** When metadata was last told that the topic is in use, ms; a race repeats that, which does no harm. */
    private volatile long touchedMs = Long.MIN_VALUE;

    TopicQueues(String name, AppendGate gate, AtomicInteger openBatches) {
        this.name = name;
        this.gate = gate;
        this.openBatches = openBatches;
    }

    public String name() {
        return name;
    }

    AppendGate gate() {
        return gate;
    }

    AtomicInteger openBatches() {
        return openBatches;
    }

    /** The queue of a partition, made when it is asked for first. */
    public PartitionQueue queue(int partition) {
        PartitionQueue[] now = queues;
        PartitionQueue queue = partition < now.length ? now[partition] : null;
        return queue != null ? queue : create(partition);
    }

    private synchronized PartitionQueue create(int partition) {
        PartitionQueue[] now = queues;
        if (partition < now.length && now[partition] != null)
            return now[partition];
        PartitionQueue queue = new PartitionQueue(this, partition);
        if (closed)
            queue.close();
        PartitionQueue[] larger = Arrays.copyOf(now, Math.max(now.length, partition + 1));
        larger[partition] = queue;
        queues = larger;
        return queue;
    }

    /** The queues so far, null where a partition was never written to; not to be changed. */
    PartitionQueue[] queues() {
        return queues;
    }

    synchronized void close() {
        closed = true;
        for (PartitionQueue queue : queues)
            if (queue != null)
                queue.close();
    }

    /** How many partitions the topic has in a cluster, 0 when it is not known; looked up once a cluster. */
    public int partitions(Cluster cluster) {
        Size known = size;
        return known != null && known.cluster == cluster ? known.partitions : lookUp(cluster);
    }

    private int lookUp(Cluster cluster) {
        // Not partitionCountForTopic, which boxes its result.
        Size found = new Size(cluster, cluster.partitionsForTopic(name).size());
        size = found;
        return found.partitions;
    }

    private record Size(Cluster cluster, int partitions) {
    }

    /** True once an interval: the caller then tells metadata that the topic is in use. */
    public boolean touch(long nowMs, long intervalMs) {
        long last = touchedMs;
        if (last != Long.MIN_VALUE && nowMs - last < intervalMs)
            return false;
        touchedMs = nowMs;
        return true;
    }

    /** What compression is expected to leave of {@code bytes}. */
    public int expectedSize(int bytes) {
        return (int) (bytes * compressionRatio);
    }

    float compressionRatio() {
        return compressionRatio;
    }

    /** Learns from a batch: quickly when data compress worse, so that batches do not become too large, slowly when better. */
    void observeCompression(float ratio) {
        float old = compressionRatio;
        compressionRatio = ratio >= old ? ratio : old + (ratio - old) / 4;
    }

    /** After a batch was too large: expect nothing of compression until it is seen again. */
    void forgetCompression() {
        compressionRatio = 1;
    }
}
