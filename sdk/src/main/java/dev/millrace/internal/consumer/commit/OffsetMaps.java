package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import dev.millrace.internal.consumer.offsets.OffsetTracker.Snapshot;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is done beyond a committed offset, from a commit's metadata and into them. Poll thread only. */
final class OffsetMaps {

    private static final Logger LOG = LoggerFactory.getLogger(OffsetMaps.class);

    private final Map<String, Uuid> topicIds = new HashMap<>();
    /** Less when the broker took less; 0 for no metadata. */
    private int maxBytes;
    private long ignored;

    OffsetMaps() {
        this(OffsetMapCodec.DEFAULT_MAX_BYTES);
    }

    /** @param maxBytes the most metadata with an offset */
    OffsetMaps(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    void topicIds(Map<String, Uuid> ids) {
        topicIds.putAll(ids);
    }

    /** Whether the topic's id is not known, while the metadata say that there is something to know. */
    boolean isUnreadable(TopicPartition partition, OffsetAndMetadata last) {
        return last != null && last.metadata().startsWith(OffsetMapCodec.PREFIX) && id(partition).equals(Uuid.ZERO_UUID);
    }

    DoneOffsets read(TopicPartition partition, OffsetAndMetadata last) {
        OffsetMapCodec.Decoded decoded = OffsetMapCodec.decode(last.metadata(), id(partition), last.offset());
        switch (decoded.outcome()) {
            case OK, EMPTY -> { }
            default -> {
                ignored++;
                LOG.warn("The metadata committed for {} at offset {} are ignored, so records behind it may be handled again: {}",
                        partition, last.offset(), decoded.outcome());
            }
        }
        return decoded.done();
    }

    /** What there is to commit of a partition that has begun. */
    OffsetAndMetadata snapshot(AssignedPartition partition) {
        return new OffsetAndMetadata(partition.tracker().committable(), leaderEpoch(partition), map(partition, record -> false));
    }

    /** Whether a commit would remember an offset as done, if some of the pending records were done as well. */
    boolean remembers(AssignedPartition partition, Predicate<WorkRecord> alsoDone, long offset) {
        Snapshot snapshot = partition.tracker().snapshotWith(alsoDone, maxRanges());
        if (offset < snapshot.committable())
            return true;
        Uuid id = id(partition.topicPartition());
        String map = encode(snapshot, id);
        return OffsetMapCodec.decode(map, id, snapshot.committable()).done().contains(offset);
    }

    private String map(AssignedPartition partition, Predicate<WorkRecord> alsoDone) {
        return encode(partition.tracker().snapshotWith(alsoDone, maxRanges()), id(partition.topicPartition()));
    }

    private String encode(Snapshot snapshot, Uuid id) {
        // Without the topic's id nobody could tell whether the map belongs to the topic that has this name later.
        return maxBytes == 0 || id.equals(Uuid.ZERO_UUID) ? ""
                : OffsetMapCodec.encode(snapshot.done(), id, snapshot.committable(), maxBytes);
    }

    private int maxRanges() {
        return OffsetMapCodec.maxRanges(maxBytes);
    }

    private Uuid id(TopicPartition partition) {
        return topicIds.getOrDefault(partition.topic(), Uuid.ZERO_UUID);
    }

    private static Optional<Integer> leaderEpoch(AssignedPartition partition) {
        WorkRecord oldest = partition.tracker().oldest();
        return oldest == null ? partition.leaderEpoch() : oldest.raw().leaderEpoch();
    }

    /** The broker took less than some of these have. */
    void narrow(Collection<OffsetAndMetadata> refused) {
        int longest = refused.stream().mapToInt(offset -> offset.metadata().length()).max().orElse(0);
        maxBytes = Math.min(maxBytes, longest / 2);
        if (OffsetMapCodec.maxRanges(maxBytes) == 0)
            maxBytes = 0;
        LOG.warn("The broker takes less than {} bytes of metadata with an offset (offset.metadata.max.bytes): committing at most {} from now on,"
                + " so that after a restart or rebalance more records may be handled again", longest, maxBytes);
    }

    /** Whether committing this instead of that makes a difference. */
    static boolean differs(OffsetAndMetadata now, OffsetAndMetadata last) {
        return last == null || last.offset() != now.offset() || !last.metadata().equals(now.metadata());
    }

    /** Maps that were found and not used. */
    long ignored() {
        return ignored;
    }
}
