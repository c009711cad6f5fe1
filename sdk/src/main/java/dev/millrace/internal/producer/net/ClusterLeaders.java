package dev.millrace.internal.producer.net;

import org.apache.kafka.clients.MetadataSnapshot;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;

/** Who leads what in one snapshot of the metadata; immutable. */
public final class ClusterLeaders {

    private final MetadataSnapshot snapshot;

    ClusterLeaders(MetadataSnapshot snapshot) {
        this.snapshot = snapshot;
    }

    boolean isOf(MetadataSnapshot other) {
        return snapshot == other;
    }

    /** The leader's id, -1 when there is none. */
    public int leaderId(TopicPartition partition) {
        Node leader = snapshot.cluster().leaderFor(partition);
        return leader == null || leader.isEmpty() ? -1 : leader.id();
    }

    /** The leader's epoch, -1 when it is not known. */
    public int leaderEpoch(TopicPartition partition) {
        return snapshot.leaderEpochFor(partition).orElse(-1);
    }

    Node node(int nodeId) {
        return snapshot.cluster().nodeById(nodeId);
    }
}
