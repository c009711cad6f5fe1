package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/** Commits what is done, by itself or in a producer's transactions. Poll thread only. */
public interface Committer {

    /** What a committer needs of the poll thread. */
    interface Host {

        /** Stops the consumer with a reason; poll thread. */
        void fail(RuntimeException reason);

        /** Has the poll thread run this soon; any thread. */
        void execute(Runnable command);

        /** Waits on the poll thread, for so long at most. */
        void park(long ms);

        /**
         * Reads a partition again: what is queued of it is dropped, what runs is not counted. Poll thread.
         *
         * @return the assignment that takes the place of the one before, begun; null when the partition is not assigned any more
         */
        AssignedPartition rewind(AssignedPartition before, long offset, DoneOffsets done);
    }

    /** Before the first assignment; begins nothing the second time. */
    default void start() {
    }

    /** The ids of topics, before partitions of them begin. */
    void topicIds(Map<String, Uuid> ids);

    /** Begins a partition where the group left it; {@code last} is null when it never committed. */
    void begin(AssignedPartition partition, OffsetAndMetadata last);

    /** Forgets a partition that is no longer assigned, or begins anew elsewhere. */
    void end(AssignedPartition partition);

    /** No handler will have the record any more: it may be committed. */
    void done(WorkRecord record);

    /** When the next commit is due. */
    long nextMs();

    /** Commits without waiting, unless a commit is on its way; that one's end brings the next. */
    void commit(Collection<AssignedPartition> partitions);

    /**
     * Commits and waits, at an edge: before partitions are given up. What went wrong is logged; the records are then handled again
     * by the next owner.
     *
     * @return whether it succeeded
     */
    boolean commitSync(Collection<AssignedPartition> partitions, long timeoutMs);

    /** The user wants to go on elsewhere in a partition: what must not be left undone is done before. May wait for so long. */
    default void beforeSeek(AssignedPartition partition, long timeoutMs) {
    }

    /** What the group has for a partition, as far as it is known; null when nothing. */
    OffsetAndMetadata committed(TopicPartition partition);

    /** Commits that failed. */
    long failures();

    /** Maps of gaps that were found in commits and not used. */
    long ignoredMetadata();
}
