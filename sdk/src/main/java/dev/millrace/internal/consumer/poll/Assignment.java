package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** The partitions this consumer has now. Poll thread only. */
final class Assignment {

    private final Map<TopicPartition, AssignedPartition> partitions = new LinkedHashMap<>();

    void add(AssignedPartition partition) {
        partitions.put(partition.topicPartition(), partition);
    }

    AssignedPartition get(TopicPartition partition) {
        return partitions.get(partition);
    }

    Collection<AssignedPartition> all() {
        return partitions.values();
    }

    int size() {
        return partitions.size();
    }

    /** Takes partitions out; those that are not there are left out. */
    List<AssignedPartition> remove(Collection<TopicPartition> gone) {
        List<AssignedPartition> removed = new ArrayList<>();
        for (TopicPartition partition : gone) {
            AssignedPartition found = partitions.remove(partition);
            if (found != null)
                removed.add(found);
        }
        return removed;
    }

    List<AssignedPartition> of(Collection<TopicPartition> wanted) {
        List<AssignedPartition> found = new ArrayList<>();
        for (TopicPartition partition : wanted)
            if (partitions.containsKey(partition))
                found.add(partitions.get(partition));
        return found;
    }

    /** What is on its way in all partitions. */
    Backpressure.Load load() {
        int records = 0;
        long bytes = 0;
        int waiting = 0;
        for (AssignedPartition partition : partitions.values()) {
            records += partition.records();
            bytes += partition.bytes();
            waiting += partition.waiting();
        }
        return new Backpressure.Load(records, bytes, waiting);
    }

    static Backpressure.Load load(AssignedPartition partition) {
        return new Backpressure.Load(partition.records(), partition.bytes(), partition.waiting());
    }

    /**
     * Drops what is queued of these partitions; true when there are others: in a handler, or with a dead letter on its way. Those that
     * wait for nothing but their commit are no others.
     */
    static boolean dropQueued(Collection<AssignedPartition> partitions) {
        boolean left = false;
        for (AssignedPartition partition : partitions) {
            if (partition.tracker() == null)
                continue;
            for (WorkRecord record = partition.tracker().oldest(); record != null; record = partition.tracker().next(record)) {
                record.dropQueued();
                left |= record.status() != WorkRecord.Status.DROPPED && !record.isSettled();
            }
        }
        return left;
    }
}
