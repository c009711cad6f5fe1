package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import dev.millrace.internal.consumer.offsets.OffsetTracker;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
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
public final class OffsetCommitter {

    private static final Logger LOG = LoggerFactory.getLogger(OffsetCommitter.class);

    private final org.apache.kafka.clients.consumer.Consumer<ByteBuffer, ByteBuffer> consumer;
    private final Time time;
    private final long intervalMs;
    private final long retryBackoffMs;
    /** Told of an error that no retry mends. */
    private final Consumer<KafkaException> onFatal;
    private final Map<String, Uuid> topicIds = new HashMap<>();
    /** What the group has, as far as it is known here. */
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private boolean inFlight;
    private long nextMs;
    /** Less when the broker took less. */
    private int metadataBytes = OffsetMapCodec.DEFAULT_MAX_BYTES;
    private long failures;
    private long ignoredMetadata;

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

    /** The ids of topics, before partitions of them begin. */
    public void topicIds(Map<String, Uuid> ids) {
        topicIds.putAll(ids);
    }

    /** Begins a partition where the group left it; {@code last} is null when it never committed. */
    public void begin(AssignedPartition partition, OffsetAndMetadata last) {
        committed.remove(partition.topicPartition());
        if (last == null)
            return;
        committed.put(partition.topicPartition(), last);
        partition.startAt(last.offset(), doneBeyond(partition.topicPartition(), last));
    }

    private DoneOffsets doneBeyond(TopicPartition partition, OffsetAndMetadata last) {
        OffsetMapCodec.Decoded decoded = OffsetMapCodec.decode(last.metadata(), id(partition), last.offset());
        switch (decoded.outcome()) {
            case OK, EMPTY -> { }
            default -> {
                ignoredMetadata++;
                LOG.warn("The metadata committed for {} at offset {} are ignored, so records behind it may be handled again: {}",
                        partition, last.offset(), decoded.outcome());
            }
        }
        return decoded.done();
    }

    /** Forgets a partition that is no longer assigned. */
    public void end(AssignedPartition partition) {
        committed.remove(partition.topicPartition());
    }

    private Uuid id(TopicPartition partition) {
        return topicIds.getOrDefault(partition.topic(), Uuid.ZERO_UUID);
    }

    // ---------------------------------------------------------------- committing

    /** When the next commit is due. */
    public long nextMs() {
        return inFlight ? Long.MAX_VALUE : nextMs;
    }

    /** Commits without waiting, unless a commit is on its way; that one's end brings the next. */
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
            failed(e);
        }
    }

    private void completed(Map<TopicPartition, OffsetAndMetadata> offsets, Exception e) {
        inFlight = false;
        if (e == null)
            succeeded(offsets);
        else
            failed(e);
    }

    /**
     * Commits and waits, at an edge: before partitions are given up. What went wrong is logged; the offsets are then handled again
     * by the next owner.
     *
     * @return whether it succeeded
     */
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
                failed(e);
            } catch (RuntimeException e) {
                failed(e);
                if (!(e instanceof RetriableException) || time.milliseconds() >= untilMs)
                    return false;
            }
        }
    }

    private void succeeded(Map<TopicPartition, OffsetAndMetadata> offsets) {
        committed.putAll(offsets);
        committed.keySet().retainAll(consumer.assignment());
    }

    private void failed(Exception e) {
        failures++;
        nextMs = time.milliseconds() + retryBackoffMs;
        if (e instanceof OffsetMetadataTooLarge) {
            LOG.warn("The broker takes less than {} bytes of metadata with an offset (offset.metadata.max.bytes): committing without"
                    + " from now on, so that after a restart or rebalance more records are handled again", metadataBytes);
            metadataBytes = 0;
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
            OffsetTracker<WorkRecord> tracker = partition.tracker();
            if (tracker == null)
                continue;
            OffsetAndMetadata now = new OffsetAndMetadata(tracker.committable(), leaderEpoch(partition), doneMap(partition));
            OffsetAndMetadata last = committed.get(partition.topicPartition());
            if (last == null || last.offset() != now.offset() || !last.metadata().equals(now.metadata()))
                offsets.put(partition.topicPartition(), now);
        }
        return offsets;
    }

    private String doneMap(AssignedPartition partition) {
        Uuid id = id(partition.topicPartition());
        // Without the topic's id nobody could tell whether the map belongs to the topic that has this name later.
        if (metadataBytes == 0 || id.equals(Uuid.ZERO_UUID))
            return "";
        DoneOffsets done = partition.tracker().doneBeyondCommittable(OffsetMapCodec.maxRanges(metadataBytes));
        return OffsetMapCodec.encode(done, id, partition.tracker().committable(), metadataBytes);
    }

    private static Optional<Integer> leaderEpoch(AssignedPartition partition) {
        WorkRecord oldest = partition.tracker().oldest();
        return oldest == null ? partition.leaderEpoch() : oldest.raw().leaderEpoch();
    }

    // ---------------------------------------------------------------- for those who watch

    /** What the group has for a partition, as far as it is known; null when nothing. */
    public OffsetAndMetadata committed(TopicPartition partition) {
        return committed.get(partition);
    }

    /** Commits that failed. */
    public long failures() {
        return failures;
    }

    /** Maps of gaps that were found in commits and not used. */
    public long ignoredMetadata() {
        return ignoredMetadata;
    }
}
