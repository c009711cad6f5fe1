package dev.millrace;

import dev.millrace.internal.producer.accumulate.PartitionQueue;
import dev.millrace.internal.producer.accumulate.TopicQueues;
import dev.millrace.partitioner.LoadAware;
import dev.millrace.partitioner.PartitionLoad;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.TopicPartition;

/** Which partition a record goes to: its own, or the partitioner's. Any thread. */
final class PartitionChooser {

    private final Partitioner partitioner;
    /** The partitioner where it wants to know of load, else null. */
    private final LoadAware loadAware;
    private final boolean loadDecidesForKeys;

    /**
     * @param loadDecidesForKeys the partitioner regards load even when there is a key
     */
    PartitionChooser(Partitioner partitioner, boolean loadDecidesForKeys) {
        this.partitioner = partitioner;
        this.loadAware = partitioner instanceof LoadAware aware ? aware : null;
        this.loadDecidesForKeys = loadDecidesForKeys;
    }

    void watch(PartitionLoad load) {
        if (loadAware != null)
            loadAware.watch(load);
    }

    int choose(TopicQueues topic, ProducerRecord<?, ?> record, byte[] key, byte[] value, Cluster cluster) {
        if (record.partition() != null)
            return record.partition();
        int partition = partitioner.partition(record.topic(), record.key(), key, record.value(), value, cluster);
        int partitions = topic.partitions(cluster);
        if (partition < 0 || partition >= partitions)
            throw new IllegalArgumentException("The partitioner generated an invalid partition number: " + partition
                    + ". Topic " + record.topic() + " has " + partitions + " partitions; the number should be in [0, "
                    + partitions + "). The partitioner is " + partitioner.getClass().getName() + ".");
        return partition;
    }

    /** Whether load had a say in the choice, so that another choice would do as well and {@link #appended} is to be told, now and then. */
    boolean loadDecides(ProducerRecord<?, ?> record, byte[] key) {
        return loadAware != null && record.partition() == null && (key == null || loadDecidesForKeys);
    }

    /** A record for which load decides met another thread at its partition. */
    void collided(String topic) {
        loadAware.collided(topic);
    }

    void appended(PartitionQueue queue, long bytes, boolean batchesFull, Cluster cluster) {
        TopicPartition partition = queue.topicPartition();
        loadAware.appended(partition.topic(), partition.partition(), (int) Math.min(bytes, Integer.MAX_VALUE), batchesFull, cluster);
    }
}
