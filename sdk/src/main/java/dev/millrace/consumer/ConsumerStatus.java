package dev.millrace.consumer;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * What a consumer was doing when the poll thread looked last; immutable. It looks about ten times a second (with many thousand
 * partitions or records in flight less often), and whenever partitions come or go.
 *
 * @param state what it does at all
 * @param failure why it ended by itself; empty unless {@link State#FAILED}
 * @param concurrency how many records it handles at once, at most
 * @param partitions those that are assigned, by topic and number; none before the first assignment, and after the end
 * @param problems why {@code isHealthy()} says no, a sentence each; none while it says yes
 */
public record ConsumerStatus(State state, Optional<KafkaException> failure, int concurrency,
                             Map<TopicPartition, PartitionStatus> partitions, List<String> problems) {

    /** What the consumer does at all. */
    public enum State {
        /** It was built and not started. */
        NEW,
        /** It polls and handles. */
        RUNNING,
        /** It was told to close, and waits for handlers that run. */
        CLOSING,
        /** It was closed. */
        CLOSED,
        /** It ended by itself, or is about to. */
        FAILED
    }

    /** The order of {@link #partitions}. */
    public static final Comparator<TopicPartition> BY_TOPIC_AND_NUMBER =
            Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);

    /** Copies what it is given. */
    public ConsumerStatus {
        SortedMap<TopicPartition, PartitionStatus> sorted = new TreeMap<>(BY_TOPIC_AND_NUMBER);
        sorted.putAll(partitions);
        partitions = Collections.unmodifiableSortedMap(sorted);
        problems = List.copyOf(problems);
    }

    /** The partitions that are assigned. */
    public Set<TopicPartition> assignment() {
        return partitions.keySet();
    }

    /** The partitions that are {@linkplain PartitionStatus#stuck stuck}. */
    public Set<TopicPartition> stuckPartitions() {
        return partitions.keySet().stream().filter(partition -> partitions.get(partition).stuck())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Whether there are no {@link #problems}. */
    public boolean isHealthy() {
        return problems.isEmpty();
    }

    /** {@link PartitionStatus#inFlight Records in flight} of all partitions. */
    public long inFlight() {
        return partitions.values().stream().mapToLong(PartitionStatus::inFlight).sum();
    }

    /** {@link PartitionStatus#running Records in a handler} of all partitions. */
    public long running() {
        return partitions.values().stream().mapToLong(PartitionStatus::running).sum();
    }

    /** {@link PartitionStatus#queued Records that wait for a handler} of all partitions. */
    public long queued() {
        return partitions.values().stream().mapToLong(PartitionStatus::queued).sum();
    }

    /** {@link PartitionStatus#parked Records that wait for a time} of all partitions. */
    public long parked() {
        return partitions.values().stream().mapToLong(PartitionStatus::parked).sum();
    }

    /** {@link PartitionStatus#committedLag} of all partitions, 0 without any; empty when that of one is. */
    public OptionalLong committedLag() {
        return sum(PartitionStatus::committedLag);
    }

    /** {@link PartitionStatus#doneLag} of all partitions, 0 without any; empty when that of one is. */
    public OptionalLong doneLag() {
        return sum(PartitionStatus::doneLag);
    }

    private OptionalLong sum(Function<PartitionStatus, OptionalLong> what) {
        long sum = 0;
        for (PartitionStatus partition : partitions.values()) {
            OptionalLong one = what.apply(partition);
            if (one.isEmpty())
                return OptionalLong.empty();
            sum += one.getAsLong();
        }
        return OptionalLong.of(sum);
    }
}
