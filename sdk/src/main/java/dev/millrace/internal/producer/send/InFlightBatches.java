package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.batch.ProducerBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** What is on the wire, per partition, in the order of sending. Sender thread only. */
final class InFlightBatches {

    private final Map<TopicPartition, ArrayDeque<ProducerBatch>> byPartition = new HashMap<>();

    void add(ProducerBatch batch) {
        byPartition.computeIfAbsent(batch.topicPartition(), p -> new ArrayDeque<>()).addLast(batch);
    }

    void remove(ProducerBatch batch) {
        ArrayDeque<ProducerBatch> batches = byPartition.get(batch.topicPartition());
        if (batches != null)
            batches.remove(batch);
    }

    int count(TopicPartition partition) {
        ArrayDeque<ProducerBatch> batches = byPartition.get(partition);
        return batches == null ? 0 : batches.size();
    }

    /** Those created at or before a time. */
    List<ProducerBatch> createdUpTo(long createdMs) {
        List<ProducerBatch> old = new ArrayList<>();
        for (ArrayDeque<ProducerBatch> batches : byPartition.values())
            for (ProducerBatch batch : batches)
                if (batch.createdMs() <= createdMs)
                    old.add(batch);
        return old;
    }
}
