package dev.millrace.internal.consumer.watch;

import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.apache.kafka.common.TopicPartition;

/**
 * A consumer at one moment; immutable.
 *
 * @param partitions those that are assigned
 * @param pollIdleRatio NaN when not known
 * @param handledPerSecond NaN when not known
 */
record Snapshot(Map<TopicPartition, PartitionView> partitions, Attempted attempted, Watch.Totals totals, LatencyWindow.Latency latency,
                double pollIdleRatio, double handledPerSecond) {

    static final Snapshot EMPTY = new Snapshot(Map.of(), new Attempted(0, 0, 0), new Watch.Totals(0, 0, 0, 0, 0),
            LatencyWindow.Latency.NONE, Double.NaN, Double.NaN);

    /** How many attempts ended how, since the consumer was built. */
    record Attempted(long handled, long failed, long expired) {
    }

    long sum(ToLongFunction<PartitionView> what) {
        return partitions.values().stream().mapToLong(what).sum();
    }

    long count(Predicate<PartitionView> which) {
        return partitions.values().stream().filter(which).count();
    }

    /** NaN when one of them is not known. */
    double sumIfKnown(ToLongFunction<PartitionView> what) {
        boolean known = partitions.values().stream().mapToLong(what).noneMatch(value -> value == PartitionView.NONE);
        return known ? sum(what) : Double.NaN;
    }

    /** Of the oldest record of all. */
    long oldestAgeMs(long nowMs) {
        return partitions.values().stream().mapToLong(partition -> partition.oldestAgeMs(nowMs)).max().orElse(0);
    }
}
