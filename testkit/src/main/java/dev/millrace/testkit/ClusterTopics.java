package dev.millrace.testkit;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/**
 * Topics of a running cluster, with the waiting that makes a test simple: when a method here returns, every broker that
 * runs has heard. Thread-safe; every method blocks.
 */
final class ClusterTopics {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final long POLL_MS = 20;
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
        get("create topic " + topic, admin.get().createTopics(List.of(wanted)).all());
        await("every partition of " + topic + " has a leader on every broker", () -> everywhere(topic,
                leaders -> leaders.size() == partitions && !leaders.containsValue(NO_LEADER)));
    }

    void delete(String topic) {
        get("delete topic " + topic, admin.get().deleteTopics(List.of(topic)).all());
        await("no broker knows " + topic + " any more", () -> everywhere(topic, SortedMap::isEmpty));
    }

    private boolean everywhere(String topic, Predicate<SortedMap<Integer, Integer>> condition) {
        for (int port : ports.get()) {
            try {
                if (!condition.test(MetadataProbe.leaders(port, topic))) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    /** The partition's leader as the brokers see it now, or -1. */
    int leader(String topic, int partition) {
        Node leader = describe(topic).get(partition).leader();
        return leader == null || leader.isEmpty() ? NO_LEADER : leader.id();
    }

    /** Blocks until the partition has a leader other than {@code former}, and says which. */
    int awaitNewLeader(String topic, int partition, int former) {
        int[] found = {NO_LEADER};
        await(topic + "-" + partition + " has a leader other than " + former, () -> {
            found[0] = leader(topic, partition);
            return found[0] != NO_LEADER && found[0] != former;
        });
        return found[0];
    }

    /** Makes a replica the preferred one and elects it. */
    void moveLeader(String topic, int partition, int broker) {
        TopicPartition moved = new TopicPartition(topic, partition);
        List<Integer> replicas = describe(topic).get(partition).replicas().stream().map(Node::id)
                .collect(Collectors.toList());
        if (!replicas.remove((Integer) broker)) {
            throw new IllegalArgumentException("broker " + broker + " has no replica of " + moved
                    + "; its replicas are on " + replicas);
        }
        replicas.add(0, broker);
        get("put broker " + broker + " first among the replicas of " + moved, admin.get()
                .alterPartitionReassignments(Map.of(moved, Optional.of(new NewPartitionReassignment(replicas)))).all());
        await(moved + " is led by broker " + broker, () -> {
            elect(moved);
            return leader(topic, partition) == broker;
        });
    }

    /** What fails is tried again by the caller: the replica may not be in sync yet, or may lead already. */
    private void elect(TopicPartition partition) {
        get("elect the preferred leader of " + partition,
                admin.get().electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions());
    }

    SortedMap<Integer, Long> endOffsets(String topic) {
        Map<TopicPartition, OffsetSpec> latest = describe(topic).keySet().stream()
                .collect(Collectors.toMap(partition -> new TopicPartition(topic, partition),
                        partition -> OffsetSpec.latest()));
        SortedMap<Integer, Long> offsets = new TreeMap<>();
        get("list the end offsets of " + topic, admin.get().listOffsets(latest).all())
                .forEach((partition, info) -> offsets.put(partition.partition(), info.offset()));
        return offsets;
    }

    private SortedMap<Integer, TopicPartitionInfo> describe(String topic) {
        SortedMap<Integer, TopicPartitionInfo> partitions = new TreeMap<>();
        get("describe topic " + topic, admin.get().describeTopics(List.of(topic)).allTopicNames()).get(topic)
                .partitions().forEach(info -> partitions.put(info.partition(), info));
        return partitions;
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new KafkaException("waited " + TIMEOUT.toSeconds() + " s in vain: " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KafkaException("interrupted while waiting: " + what, e);
            }
        }
    }

    /** Waits for an answer, and throws Kafka's own exception when it is a failure. */
    static <T> T get(String what, KafkaFuture<T> future) {
        try {
            return future.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new KafkaException("could not " + what, e.getCause());
        } catch (TimeoutException e) {
            throw new KafkaException("could not " + what + " within " + TIMEOUT.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted while trying to " + what, e);
        }
    }
}
