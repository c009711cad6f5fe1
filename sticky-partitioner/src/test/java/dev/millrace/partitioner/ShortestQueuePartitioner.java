package dev.millrace.partitioner;

import java.util.List;
import java.util.Map;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.PartitionInfo;

/** The example of docs/partitioners.md, as a user would write it. Keep the two the same. */
public class ShortestQueuePartitioner implements Partitioner, LoadAware {
    private static final PartitionLoad UNKNOWN = new PartitionLoad() {
        @Override
        public int queuedBatches(String topic, int partition) {
            return 0;
        }

        @Override
        public boolean available(String topic, int partition) {
            return true;
        }
    };

    private volatile PartitionLoad load = UNKNOWN;

    @Override
    public void configure(Map<String, ?> configs) {
    }

    @Override
    public void watch(PartitionLoad load) {
        this.load = load;
    }

    @Override
    public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
        List<PartitionInfo> partitions = cluster.partitionsForTopic(topic);
        if (keyBytes != null) {
            return KeyHash.partition(keyBytes, partitions.size());
        }
        int best = 0;
        int shortest = Integer.MAX_VALUE;
        for (PartitionInfo info : partitions) {
            int queued = load.queuedBatches(topic, info.partition());
            if (info.leader() != null && queued < shortest && load.available(topic, info.partition())) {
                best = info.partition();
                shortest = queued;
            }
        }
        return best;
    }

    @Override
    public void appended(String topic, int partition, int bytes, boolean batchesFull, Cluster cluster) {
        // Nothing to count: the queues say it all.
    }

    @Override
    public void close() {
    }
}
