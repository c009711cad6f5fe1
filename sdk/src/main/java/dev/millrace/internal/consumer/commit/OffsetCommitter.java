package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits what is done: offset and map of the gaps from one snapshot, one commit in flight, and always the newest snapshot, also when the
 * last one failed. Poll thread only; callbacks of Kafka's consumer come on it too.
 */
public final class OffsetCommitter implements Committer {

    private static final Logger LOG = LoggerFactory.getLogger(OffsetCommitter.class);

    private final org.apache.kafka.clients.consumer.Consumer<ByteBuffer, ByteBuffer> consumer;
    private final Time time;
    private final long intervalMs;
    private final long retryBackoffMs;
    /** Told of an error that no retry mends. */
    private final Consumer<KafkaException> onFatal;
    private final OffsetMaps maps = new OffsetMaps();
    /** What the group has, as far as it is known here. */
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private boolean inFlight;
    private long nextMs;
    private long failures;

    public OffsetCommitter(org.apache.kafka.clients.consumer.Consumer<ByteBuffer, ByteBuffer> consumer, Time time, long intervalMs,
                           long retryBackoffMs, Consumer<KafkaException> onFatal) {
        this.consumer = consumer;
        this.time = time;
        this.intervalMs = intervalMs;
        this.retryBackoffMs = retryBackoffMs;
        this.onFatal = onFatal;
        this.nextMs = time.milliseconds() + intervalMs;
    }

    // ---------------------------------------------------------------- assignments

    @Override
    public void topicIds(Map<String, Uuid> ids) {
        maps.topicIds(ids);
    }

    @Override
    public void begin(AssignedPartition partition, OffsetAndMetadata last) {
        committed.remove(partition.topicPartition());
        if (last == null)
            return;
        committed.put(partition.topicPartition(), last);
        partition.startAt(last.offset(), maps.read(partition.topicPartition(), last));
    }

    @Override
    public void end(AssignedPartition partition) {
        committed.remove(partition.topicPartition());
    }

    @Override
    public void done(WorkRecord record) {
        record.partition().done(record);
    }

    // ---------------------------------------------------------------- committing

    @Override
    public long nextMs() {
        return inFlight ? Long.MAX_VALUE : nextMs;
    }

    @Override
    public void commit(Collection<AssignedPartition> partitions) {
        if (inFlight)
            return;
        nextMs = time.milliseconds() + intervalMs;
        Map<TopicPartition, OffsetAndMetadata> offsets = snapshot(partitions);
        if (offsets.isEmpty())
            return;
        inFlight = true;
        try {
            consumer.commitAsync(offsets, (sent, e) -> completed(offsets, e));
        } catch (RuntimeException e) {
            inFlight = false;
            failed(offsets, e);
        }
    }

    private void completed(Map<TopicPartition, OffsetAndMetadata> offsets, Exception e) {
        inFlight = false;
        if (e == null)
            succeeded(offsets);
        else
            failed(offsets, e);
    }

    @Override
    public boolean commitSync(Collection<AssignedPartition> partitions, long timeoutMs) {
        long untilMs = time.milliseconds() + timeoutMs;
        while (true) {
            Map<TopicPartition, OffsetAndMetadata> offsets = snapshot(partitions);
            if (offsets.isEmpty())
                return true;
            try {
                consumer.commitSync(offsets, Duration.ofMillis(Math.max(1, untilMs - time.milliseconds())));
                succeeded(offsets);
                return true;
            } catch (WakeupException e) {
                // Meant for a poll that had ended by then.
            } catch (OffsetMetadataTooLarge e) {
                failed(offsets, e);
            } catch (RuntimeException e) {
                failed(offsets, e);
                if (!(e instanceof RetriableException) || time.milliseconds() >= untilMs)
                    return false;
            }
        }
    }

    private void succeeded(Map<TopicPartition, OffsetAndMetadata> offsets) {
        committed.putAll(offsets);
        committed.keySet().retainAll(consumer.assignment());
    }

    private void failed(Map<TopicPartition, OffsetAndMetadata> offsets, Exception e) {
        failures++;
        nextMs = time.milliseconds() + retryBackoffMs;
        if (e instanceof OffsetMetadataTooLarge) {
            maps.narrow(offsets.values());
        } else if (e instanceof AuthorizationException || e instanceof AuthenticationException
                || e instanceof FencedInstanceIdException) {
            onFatal.accept((KafkaException) e);
        } else {
            LOG.warn("A commit failed and is tried again with what is done by then: {}", e.toString());
        }
    }

    /** What would be committed now, of those partitions for which it differs from what the group has. */
    private Map<TopicPartition, OffsetAndMetadata> snapshot(Collection<AssignedPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (AssignedPartition partition : partitions) {
            if (partition.tracker() == null)
                continue;
            OffsetAndMetadata now = maps.snapshot(partition);
            if (OffsetMaps.differs(now, committed.get(partition.topicPartition())))
                offsets.put(partition.topicPartition(), now);
        }
        return offsets;
    }

    // ---------------------------------------------------------------- for those who watch

    @Override
    public OffsetAndMetadata committed(TopicPartition partition) {
        return committed.get(partition);
    }

    @Override
    public long failures() {
        return failures;
    }

    @Override
    public long ignoredMetadata() {
        return maps.ignored();
    }
}
