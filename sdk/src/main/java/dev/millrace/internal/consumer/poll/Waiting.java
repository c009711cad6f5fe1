package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Records that wait for a time: their retry, or their hour. Poll thread only. */
final class Waiting {

    private record Entry(long atMs, WorkRecord record) {
    }

    private final PriorityQueue<Entry> entries = new PriorityQueue<>(Comparator.comparingLong(Entry::atMs));

    void add(WorkRecord record, long atMs) {
        entries.add(new Entry(atMs, record));
        record.partition().parked(1);
    }

    /** When the next one is due; {@link Long#MAX_VALUE} when none waits. */
    long nextMs() {
        return entries.isEmpty() ? Long.MAX_VALUE : entries.peek().atMs;
    }

    /** The next one that is due; null when there is none. */
    WorkRecord takeDue(long nowMs) {
        if (nextMs() > nowMs)
            return null;
        WorkRecord record = entries.poll().record;
        record.partition().parked(-1);
        return record;
    }

    /** Takes out all of a partition, whenever they are due. */
    List<WorkRecord> takeAllOf(AssignedPartition partition) {
        List<WorkRecord> taken = new ArrayList<>();
        entries.removeIf(entry -> {
            boolean mine = entry.record.partition() == partition;
            if (mine)
                taken.add(entry.record);
            return mine;
        });
        partition.parked(-taken.size());
        return taken;
    }

    /** All, the next one first. */
    List<ParkedRecord> all() {
        return entries.stream().sorted(entries.comparator()).map(entry -> new ParkedRecord(entry.record.partition().topicPartition(),
                entry.record.offset(), entry.record.attempt(), entry.atMs)).toList();
    }
}
