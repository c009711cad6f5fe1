package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.work.AssignedPartition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** Which partitions are not fetched at the moment: because enough of them is on its way, or because the user said so. Poll thread only. */
final class Pauses {

    private final Consumer<?, ?> consumer;
    private final Assignment assignment;
    private final Backpressure backpressure;
    private final Set<TopicPartition> byUser = new HashSet<>();
    private boolean allByUser;

    Pauses(Consumer<ByteBuffer, ByteBuffer> consumer, Assignment assignment, Backpressure backpressure) {
        this.consumer = consumer;
        this.assignment = assignment;
        this.backpressure = backpressure;
    }

    /** By the user's wish; partitions that are not assigned are remembered. */
    void byUser(Collection<TopicPartition> partitions, boolean paused) {
        if (paused)
            byUser.addAll(partitions);
        else
            byUser.removeAll(partitions);
        apply();
    }

    /** By the user's wish, all there are and will be. */
    void allByUser(boolean paused) {
        allByUser = paused;
        apply();
    }

    /** Whether the user does not want it to be fetched. */
    boolean isByUser(AssignedPartition partition) {
        return allByUser || byUser.contains(partition.topicPartition());
    }

    /** Pauses those partitions that became full, and goes on with those that are no longer. */
    void balance() {
        List<TopicPartition> pause = new ArrayList<>();
        List<TopicPartition> resume = new ArrayList<>();
        Backpressure.Load all = assignment.load();
        for (AssignedPartition partition : assignment.all()) {
            boolean full = backpressure.isFull(partition.isFull(), Assignment.load(partition), all, assignment.size());
            if (full == partition.isFull())
                continue;
            partition.full(full);
            if (!isByUser(partition))
                (full ? pause : resume).add(partition.topicPartition());
        }
        if (!pause.isEmpty())
            consumer.pause(pause);
        if (!resume.isEmpty())
            consumer.resume(resume);
    }

    /** Says it anew for all partitions: some are new, or begin anew. */
    void apply() {
        for (AssignedPartition partition : assignment.all()) {
            List<TopicPartition> one = List.of(partition.topicPartition());
            if (isByUser(partition) || partition.isFull())
                consumer.pause(one);
            else
                consumer.resume(one);
        }
    }
}
