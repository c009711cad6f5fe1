package dev.millrace.partitioner;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A load that a test sets: queues by partition (-1: of every other one), and the partitions not available. */
final class Load implements PartitionLoad {
    final Map<Integer, Integer> queued = new ConcurrentHashMap<>();
    final Set<Integer> unavailable = ConcurrentHashMap.newKeySet();

    @Override
    public int queuedBatches(String topic, int partition) {
        return queued.getOrDefault(partition, queued.getOrDefault(-1, 0));
    }

    @Override
    public boolean available(String topic, int partition) {
        return !unavailable.contains(partition);
    }
}
