package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.ProcessingOrder;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** Finds the unit of a record: the lane of its key, that of its partition, or the record itself. Poll thread only. */
final class Router {

    private final ProcessingOrder order;
    private final RunQueue queue;
    private final Lanes byKey = new Lanes();
    private final Map<TopicPartition, Lane> byPartition = new HashMap<>();

    Router(ProcessingOrder order, RunQueue queue) {
        this.order = order;
        this.queue = queue;
    }

    /**
     * Has the record handled when its turn comes; also one that waited, and one that was dropped while others wait for it. Wakes nobody:
     * {@link RunQueue#call} has to follow.
     */
    void route(WorkRecord record) {
        ByteBuffer key = record.raw().key();
        if (order == ProcessingOrder.UNORDERED || order == ProcessingOrder.KEY && key == null) {
            queue.put(record);
            return;
        }
        Lane lane = order == ProcessingOrder.KEY ? byKey.of(record.partition(), key) : ofPartition(record.partition());
        if (lane.add(record))
            queue.put(lane);
    }

    private Lane ofPartition(AssignedPartition partition) {
        return byPartition.computeIfAbsent(partition.topicPartition(), tp -> new Lane(partition.level(), tp, null, 0));
    }
}
