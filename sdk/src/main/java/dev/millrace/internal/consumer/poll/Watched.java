package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.commit.Committer;
import dev.millrace.internal.consumer.watch.Watch;
import dev.millrace.internal.consumer.work.AssignedPartition;
import java.time.Duration;
import java.util.Collection;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the watch may ask of this floor. Poll thread only. */
record Watched(Consumer<?, ?> consumer, Assignment assignment, Pauses pauses, Committer committer, Aftermath aftermath)
        implements Watch.Subject {

    private static final Logger LOG = LoggerFactory.getLogger(Watched.class);

    @Override
    public Collection<AssignedPartition> partitions() {
        return assignment.all();
    }

    @Override
    public boolean isPausedByUser(AssignedPartition partition) {
        return pauses.isByUser(partition);
    }

    @Override
    public OptionalLong committed(TopicPartition partition) {
        OffsetAndMetadata last = committer.committed(partition);
        return last == null ? OptionalLong.empty() : OptionalLong.of(last.offset());
    }

    @Override
    public OptionalLong lag(TopicPartition partition) {
        return consumer.currentLag(partition);
    }

    @Override
    public void askEnds(Collection<TopicPartition> partitions) {
        try {
            // Without time, it sends the request and waits for nothing; the answer is noted when it comes.
            consumer.endOffsets(partitions, Duration.ZERO);
        } catch (IllegalStateException e) {
            LOG.debug("A mock, and nobody told it where {} end", partitions, e);
        }
    }

    @Override
    public Watch.Totals totals() {
        return new Watch.Totals(aftermath.retried(), aftermath.deadLettered(), aftermath.skipped(), committer.failures(),
                committer.ignoredMetadata());
    }
}
