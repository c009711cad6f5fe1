package dev.millrace.testkit;

import dev.millrace.testkit.MetadataProbe.Partition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterPartitionReassignmentsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DeleteTopicsOptions;
import org.apache.kafka.clients.admin.ElectLeadersOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Topics of a running cluster, with the waiting that makes a test simple: when a method here returns, every broker that
 * runs has heard. Thread-safe; every method blocks.
 */
final class ClusterTopics {
    private static final int NO_LEADER = -1;

    private final Supplier<Admin> admin;
    /** The INTERNAL ports of the brokers that can answer now. */
    private final Supplier<Collection<Integer>> ports;

    ClusterTopics(Supplier<Admin> admin, Supplier<Collection<Integer>> ports) {
        this.admin = admin;
        this.ports = ports;
    }

    void create(String topic, int partitions, int replicas, Map<String, String> configs) {
        NewTopic wanted = new NewTopic(topic, partitions, (short) replicas).configs(configs);
        CreateTopicsOptions options = new CreateTopicsOptions().timeoutMs(Waiting.ATTEMPT_MS);
        AtomicInteger attempts = new AtomicInteger();
        try {
            Waiting.ask("create topic " + topic, () -> {
                attempts.incrementAndGet();
                return admin.get().createTopics(List.of(wanted), options).all();
            });
        } catch (TopicExistsException e) {
            if (attempts.get() == 1) {
                throw e;
            }
        }
        Waiting.await("every partition of " + topic + " has a leader on every broker", () -> everywhere(topic,
                found -> found.size() == partitions
                        && found.values().stream().noneMatch(one -> one.leader() == NO_LEADER)));
    }

    void delete(String topic) {
        DeleteTopicsOptions options = new DeleteTopicsOptions().timeoutMs(Waiting.ATTEMPT_MS);
        AtomicInteger attempts = new AtomicInteger();
        try {
            Waiting.ask("delete topic " + topic, () -> {
                attempts.incrementAndGet();
                return admin.get().deleteTopics(List.of(topic), options).all();
            });
        } catch (UnknownTopicOrPartitionException e) {
            if (attempts.get() == 1) {
                throw e;
            }
        }
        Waiting.await("no broker knows " + topic + " any more", () -> everywhere(topic, SortedMap::isEmpty));
    }

    private boolean everywhere(String topic, Predicate<SortedMap<Integer, Partition>> condition) {
        for (int port : ports.get()) {
            try {
                if (!condition.test(MetadataProbe.partitions(port, topic))) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    /** What the brokers that answer know, each partition as the best informed of them sees it. */
    private SortedMap<Integer, Partition> view(String topic) {
        SortedMap<Integer, Partition> newest = new TreeMap<>();
        IOException silence = null;
        boolean answered = false;
        for (int port : ports.get()) {
            try {
                MetadataProbe.partitions(port, topic).forEach((index, seen) -> newest.merge(index, seen,
                        (one, other) -> one.epoch() >= other.epoch() ? one : other));
                answered = true;
            } catch (IOException e) {
                silence = e;
            }
        }
        if (!answered) {
            throw new KafkaException("no broker of the cluster answers", silence);
        }
        if (newest.isEmpty()) {
            throw new UnknownTopicOrPartitionException("the cluster has no topic " + topic);
        }
        return newest;
    }

    private Partition view(String topic, int partition) {
        SortedMap<Integer, Partition> all = view(topic);
        if (!all.containsKey(partition)) {
            throw new UnknownTopicOrPartitionException("topic " + topic + " has partitions 0 to " + all.lastKey()
                    + ", no partition " + partition);
        }
        return all.get(partition);
    }

    /** The partition's leader as the best informed broker sees it now, or -1. */
    int leader(String topic, int partition) {
        return view(topic, partition).leader();
    }

    /** Blocks until every broker that answers knows of the same leader, other than {@code former}, and says which. */
    int awaitNewLeader(String topic, int partition, int former) {
        AtomicInteger found = new AtomicInteger();
        Waiting.await(topic + "-" + partition + " has a leader other than " + former, () -> {
            found.set(leader(topic, partition));
            return found.get() != NO_LEADER && found.get() != former && ledBy(topic, partition, found.get());
        });
        return found.get();
    }

    private boolean ledBy(String topic, int partition, int broker) {
        return everywhere(topic, seen -> seen.containsKey(partition) && seen.get(partition).leader() == broker);
    }

    /** Makes a replica the preferred one and elects it. */
    void moveLeader(String topic, int partition, int broker) {
        TopicPartition moved = new TopicPartition(topic, partition);
        List<Integer> replicas = new ArrayList<>(view(topic, partition).replicas());
        if (!replicas.remove((Integer) broker)) {
            throw new IllegalArgumentException("broker " + broker + " has no replica of " + moved
                    + "; its replicas are on " + replicas);
        }
        replicas.add(0, broker);
        AlterPartitionReassignmentsOptions options = new AlterPartitionReassignmentsOptions();
        options.timeoutMs(Waiting.ATTEMPT_MS);
        Waiting.ask("put broker " + broker + " first among the replicas of " + moved, () -> admin.get()
                .alterPartitionReassignments(Map.of(moved, Optional.of(new NewPartitionReassignment(replicas))),
                        options).all());
        Waiting.await(moved + " is led by broker " + broker, () -> {
            elect(moved);
            return ledBy(topic, partition, broker);
        });
    }

    /** What fails is tried again by the caller: the replica may not be in sync yet, or may lead already. */
    private void elect(TopicPartition partition) {
        ElectLeadersOptions options = new ElectLeadersOptions();
        options.timeoutMs(Waiting.ATTEMPT_MS);
        Waiting.ask("elect the preferred leader of " + partition, () -> admin.get()
                .electLeaders(ElectionType.PREFERRED, Set.of(partition), options).partitions());
    }

    SortedMap<Integer, Long> endOffsets(String topic) {
        Map<TopicPartition, OffsetSpec> latest = view(topic).keySet().stream()
                .collect(Collectors.toMap(index -> new TopicPartition(topic, index), index -> OffsetSpec.latest()));
        ListOffsetsOptions options = new ListOffsetsOptions();
        options.timeoutMs(Waiting.ATTEMPT_MS);
        SortedMap<Integer, Long> offsets = new TreeMap<>();
        Waiting.ask("list the end offsets of " + topic, () -> admin.get().listOffsets(latest, options).all())
                .forEach((partition, info) -> offsets.put(partition.partition(), info.offset()));
        return offsets;
    }
}
