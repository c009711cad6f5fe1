package dev.millrace.internal.consumer.work;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/**
 * Records whose outputs were not taken by the brokers, so that a transaction had to be aborted and their partition was read again. Each
 * refusal counts as a failed attempt, so that the retry policy sees an end of it: the record that comes again fails with the same
 * error so many times before its handler is called. The poll thread writes, workers read.
 */
public final class RefusedOutputs {

    private record Place(TopicPartition partition, long offset) {
    }

    private record Refusal(int times, Exception why) {
    }

    private final Map<Place, Refusal> refusals = new ConcurrentHashMap<>();

    /** The outputs of a record were refused once more; poll thread. */
    public void add(WorkRecord record, Exception why) {
        refusals.merge(place(record), new Refusal(1, why), (before, now) -> new Refusal(before.times + 1, now.why));
    }

    /** The record is committed; poll thread. */
    public void remove(WorkRecord record) {
        if (!refusals.isEmpty())
            refusals.remove(place(record));
    }

    /** The partition is no longer this consumer's; poll thread. */
    public void removeAllOf(TopicPartition partition) {
        refusals.keySet().removeIf(place -> place.partition.equals(partition));
    }

    /** A worker, before it calls the handler. */
    void throwIfRefused(WorkRecord record) throws Exception {
        if (refusals.isEmpty())
            return;
        Refusal refusal = refusals.get(place(record));
        if (refusal != null && record.attempt() <= refusal.times)
            throw refusal.why;
    }

    private static Place place(WorkRecord record) {
        return new Place(record.partition().topicPartition(), record.offset());
    }
}
