package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What one transaction is for: the outputs of these records, and the offsets by which they, and no others that were not committed before,
 * are done. Immutable; both are of one moment of the poll thread, and so is the group's metadata.
 *
 * @param records of each partition in the order of their offsets
 */
record TransactionGroup(List<WorkRecord> records, Map<AssignedPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata metadata) {

    Map<TopicPartition, OffsetAndMetadata> offsetsByPartition() {
        Map<TopicPartition, OffsetAndMetadata> byPartition = new HashMap<>();
        offsets.forEach((partition, offset) -> byPartition.put(partition.topicPartition(), offset));
        return byPartition;
    }

    @Override
    public String toString() {
        return records.size() + " records of " + offsets.keySet();
    }
}
