package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.ProcessingOrder;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Finds the unit of a record: by key, by partition, or the record itself. Poll thread only.
 *
 * <p>Shards are there for good, so a key stays in its shard when its partition is lost and won again: an old handler that still
 * runs and a new one of the same key are never at work at once in this process.
 */
public final class ShardRouter {

    /** Shards to a thread: so many that two keys in work rarely share one. */
    private static final int SHARDS_PER_THREAD = 32;
    private static final int FEWEST = 1 << 10;
    private static final int MOST = 1 << 16;

    private final ProcessingOrder order;
    private final RunQueue queue;
    private final Shard[][] byKey;
    private final Map<TopicPartition, Shard> byPartition = new HashMap<>();

    /**
     * @param concurrency records handled at once, at most
     * @param priorities how many levels there are, 1 or more
     */
    ShardRouter(ProcessingOrder order, int concurrency, int priorities, RunQueue queue) {
        this.order = order;
        this.queue = queue;
        int wanted = Math.min(MOST, Math.max(FEWEST, concurrency * SHARDS_PER_THREAD));
        int count = Integer.highestOneBit(wanted - 1) << 1;
        byKey = order == ProcessingOrder.KEY ? new Shard[priorities][count] : new Shard[0][];
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
        Shard shard = order == ProcessingOrder.KEY ? ofKey(record.partition(), key) : ofPartition(record.partition());
        if (shard.add(record))
            queue.put(shard);
    }

    private Shard ofKey(AssignedPartition partition, ByteBuffer key) {
        Shard[] shards = byKey[partition.level()];
        int hash = key.hashCode() * 31 + partition.topicPartition().hashCode();
        // Both are sums of small products: the upper bits have to come down (finalizer of MurmurHash3).
        hash = (hash ^ hash >>> 16) * 0x85ebca6b;
        hash = (hash ^ hash >>> 13) * 0xc2b2ae35;
        int index = (hash ^ hash >>> 16) & shards.length - 1;
        Shard shard = shards[index];
        if (shard == null)
            shards[index] = shard = new Shard(partition.level(), true);
        return shard;
    }

    private Shard ofPartition(AssignedPartition partition) {
        return byPartition.computeIfAbsent(partition.topicPartition(), tp -> new Shard(partition.level(), false));
    }
}
