package dev.millrace.partitioner;

import java.util.List;

import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** A topic's partitions in a metadata snapshot; never none. */
final class TopicPartitions {
    private TopicPartitions() {
    }

    /** All partitions, with a leader or without: what a key is hashed over. */
    static List<PartitionInfo> all(String topic, Cluster cluster) {
        List<PartitionInfo> all = cluster.partitionsForTopic(topic);
        if (all.isEmpty()) {
            throw new UnknownTopicOrPartitionException("No partition to choose for topic '" + topic
                    + "': the metadata snapshot has none of it. It was deleted, or its metadata has not arrived yet;"
                    + " wait for it before asking the partitioner");
        }
        return all;
    }

    /** Those that have a leader; all, when none has. */
    static List<PartitionInfo> withLeader(String topic, Cluster cluster) {
        List<PartitionInfo> led = cluster.availablePartitionsForTopic(topic);
        return led.isEmpty() ? all(topic, cluster) : led;
    }
}
