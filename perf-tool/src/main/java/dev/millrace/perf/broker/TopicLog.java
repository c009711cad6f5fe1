package dev.millrace.perf.broker;

import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DeleteTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The administrative side of a run: finds or makes its topic, and reads where its logs end. Every call has a time limit. */
public final class TopicLog implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    /** A broker makes the log of a new partition, and says where it ends, at some 5 ms each; more when it is busy. */
    private static final Duration LIMIT_PER_PARTITION = Duration.ofMillis(30);

    private final String bootstrapServers;
    private final Admin admin;
    private final Map<String, Object> settings;

    /**
     * Connects.
     *
     * @param settings for the admin client
     * @throws RunFailedException when no broker answers within 10 s, or the settings are wrong
     */
    public TopicLog(String bootstrapServers, Map<String, Object> settings) {
        this.bootstrapServers = bootstrapServers;
        Map<String, Object> bounded = new HashMap<>(settings);
        bounded.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.toIntExact(LIMIT.toMillis()));
        bounded.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.toIntExact(LIMIT.toMillis()));
        this.settings = bounded;
        try {
            this.admin = Admin.create(bounded);
        } catch (KafkaException e) {
            throw new RunFailedException("cannot connect to " + bootstrapServers + ": "
                    + (e.getCause() == null ? e : e.getCause()).getMessage(), e);
        }
        try {
            await(admin.describeCluster().nodes(), "reach a broker");
        } catch (RunFailedException e) {
            admin.close(Duration.ZERO);
            throw e;
        }
    }

    /**
     * The topic to send to: the user's, made when it is missing, or one with a name of its own.
     *
     * @param brokers how many there are, to choose a replication factor; 0 leaves that to the cluster
     */
    public Topic prepare(Where where, int brokers) {
        String name = where.topic().orElseGet(() -> "millrace-perf-" + UUID.randomUUID());
        if (where.topic().isPresent()) {
            Optional<Topic> existing = describe(name, false);
            if (existing.isPresent()) {
                return existing.get();
            }
        }
        Optional<Short> replicationFactor = where.replicationFactor().isPresent()
                ? Optional.of((short) where.replicationFactor().getAsInt())
                : Optional.ofNullable(brokers == 0 ? null : (short) Math.min(3, brokers));
        int partitions = where.partitionsToMake();
        try {
            Duration limit = limit(partitions);
            await(admin.createTopics(List.of(new NewTopic(name, Optional.of(partitions), replicationFactor)),
                    new CreateTopicsOptions().timeoutMs(millis(limit))).all(), "make topic " + name, limit);
        } catch (RunFailedException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
        return describeNew(name, where.topic().isEmpty());
    }

    /** A topic just made may not have reached the broker that is asked. */
    private Topic describeNew(String name, boolean madeForRun) {
        long deadlineNs = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            Optional<Topic> topic = describe(name, madeForRun);
            if (topic.isPresent()) {
                return topic.get();
            }
            if (System.nanoTime() - deadlineNs > 0) {
                throw new RunFailedException("topic " + name + " was made on " + bootstrapServers + " but is not there after "
                        + LIMIT.toSeconds() + " s");
            }
            pause();
        }
    }

    private Optional<Topic> describe(String name, boolean madeForRun) {
        try {
            TopicDescription description =
                    await(admin.describeTopics(List.of(name)).allTopicNames(), "describe topic " + name).get(name);
            return Optional.of(new Topic(name, description.partitions().size(),
                    description.partitions().get(0).replicas().size(), madeForRun));
        } catch (RunFailedException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** The next offset of each partition. */
    public EndOffsets endOffsets(Topic topic) {
        return endOffsets(topic, IsolationLevel.READ_UNCOMMITTED);
    }

    private EndOffsets endOffsets(Topic topic, IsolationLevel isolation) {
        return offsets(topic, OffsetSpec.latest(), isolation, "end");
    }

    /** The first offset of each partition. */
    public EndOffsets beginOffsets(Topic topic) {
        return offsets(topic, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED, "first");
    }

    /** Up to where a consumer gets records now: the end, or with {@code committed} that of what is stable. */
    public EndOffsets readableEnd(Topic topic, boolean committed) {
        return endOffsets(topic, committed ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED);
    }

    private EndOffsets offsets(Topic topic, OffsetSpec spec, IsolationLevel isolation, String which) {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        for (int partition = 0; partition < topic.partitions(); partition++) {
            wanted.put(new TopicPartition(topic.name(), partition), spec);
        }
        Duration limit = limit(topic.partitions());
        ListOffsetsOptions options = new ListOffsetsOptions(isolation).timeoutMs(millis(limit));
        Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> found = await(admin.listOffsets(wanted, options).all(),
                "read the " + which + " offsets of topic " + topic.name(), limit);
        Map<Integer, Long> offsets = new HashMap<>();
        found.forEach((partition, info) -> offsets.put(partition.partition(), info.offset()));
        return new EndOffsets(offsets);
    }

    /**
     * Reads the records between two sets of offsets, by a consumer without a group.
     *
     * @param committed whether to leave out what was not committed
     * @param visitor gets each record's partition and offset
     */
    public void read(Topic topic, EndOffsets from, EndOffsets to, boolean committed, OffsetVisitor visitor) {
        new LogScan(settings, LIMIT, committed).read(topic, from, to, visitor);
    }

    /** What a group has committed of the topic; partitions of which it has committed nothing are missing. */
    public EndOffsets committed(String group, Topic topic) {
        Map<TopicPartition, OffsetAndMetadata> found = await(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata(),
                "read what group " + group + " committed");
        Map<Integer, Long> offsets = new HashMap<>();
        found.forEach((partition, offset) -> {
            if (offset != null && partition.topic().equals(topic.name())) {
                offsets.put(partition.partition(), offset.offset());
            }
        });
        return new EndOffsets(offsets);
    }

    /** Has a group without members begin at these offsets, in place of its {@code auto.offset.reset}. */
    public void begin(String group, Topic topic, EndOffsets at) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        at.byPartition().forEach((partition, offset) ->
                offsets.put(new TopicPartition(topic.name(), partition), new OffsetAndMetadata(offset)));
        await(admin.alterConsumerGroupOffsets(group, offsets).all(), "have group " + group + " begin at the end of its topic");
    }

    /** Deletes a group that was made for the run, and has no members any more. */
    public void deleteGroup(String group) {
        await(admin.deleteConsumerGroups(List.of(group)).all(), "delete group " + group);
    }

    /**
     * Counts what the logs gained, waiting up to 10 s for at least {@code expected}: a leader tells an end only when its
     * followers have it, which with {@code acks} below {@code all} is after the acknowledgement.
     *
     * @param before where the logs ended before the run
     */
    public long awaitGrowth(Topic topic, EndOffsets before, long expected) {
        long deadlineNs = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            long growth = endOffsets(topic).minus(before);
            if (growth >= expected || System.nanoTime() - deadlineNs > 0) {
                return growth;
            }
            pause();
        }
    }

    /**
     * Counts the records a {@code read_committed} consumer finds behind {@code before}, by reading them all. A commit returns
     * before its markers are written; this waits up to 10 s until no transaction is open in the topic, and then reads what
     * there is.
     *
     * @param before where the logs ended before the run
     */
    public long countCommitted(Topic topic, EndOffsets before) {
        long deadlineNs = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            // In this order: what is stable up to an end that was read before has no open transaction below it.
            EndOffsets end = endOffsets(topic);
            EndOffsets stable = endOffsets(topic, IsolationLevel.READ_COMMITTED);
            if (stable.reach(end) || System.nanoTime() - deadlineNs > 0) {
                return new LogScan(settings, LIMIT, true).read(topic, before, stable, (partition, offset) -> {
                });
            }
            pause();
        }
    }

    /** Deletes a topic that was made for the run. */
    public void delete(Topic topic) {
        Duration limit = limit(topic.partitions());
        await(admin.deleteTopics(List.of(topic.name()), new DeleteTopicsOptions().timeoutMs(millis(limit))).all(),
                "delete topic " + topic.name(), limit);
    }

    private static Duration limit(int partitions) {
        return LIMIT.plus(LIMIT_PER_PARTITION.multipliedBy(partitions));
    }

    private static int millis(Duration limit) {
        return Math.toIntExact(limit.toMillis());
    }

    private <T> T await(KafkaFuture<T> future, String what) {
        return await(future, what, LIMIT);
    }

    private <T> T await(KafkaFuture<T> future, String what, Duration limit) {
        try {
            return future.get(limit.toMillis() + 2_000, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            boolean late = cause instanceof org.apache.kafka.common.errors.TimeoutException;
            throw new RunFailedException(late ? unanswered(what, limit) : "cannot " + what + " at " + bootstrapServers + ": "
                    + cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw new RunFailedException(unanswered(what, limit), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RunFailedException("interrupted while trying to " + what, e);
        }
    }

    private String unanswered(String what, Duration limit) {
        return "cannot " + what + ": no answer from " + bootstrapServers + " within " + limit.toSeconds()
                + " s; is the address right, is the broker up, and does it speak the security.protocol that is set?";
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RunFailedException("interrupted", e);
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(2));
    }
}
