package dev.millrace.consumer;

import java.util.Collection;
import org.apache.kafka.common.TopicPartition;

/**
 * Told when partitions come and go. Called on the thread that polls: what takes long here holds up the group, and nothing here may wait
 * for the consumer. What it throws is logged, and changes nothing.
 */
public interface RebalanceListener {

    /** Partitions were assigned; none of their records was handled yet. */
    default void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    }

    /**
     * Partitions are about to be given up: what was running is done, or the drain's deadline is over; no more of their records
     * are begun, and what is done will be committed as soon as this returns.
     */
    default void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    }

    /** Partitions were lost: others may already have them, and nothing is committed. Handlers may still be running. */
    default void onPartitionsLost(Collection<TopicPartition> partitions) {
    }
}
