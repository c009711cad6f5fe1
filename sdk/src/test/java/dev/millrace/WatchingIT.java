package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.ConsumerStatus.State;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.PartitionStatus;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RetryPolicy;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is to be seen of the parallel consumer, with a real broker. */
@Timeout(120)
class WatchingIT {

    private static final AtomicInteger GROUPS = new AtomicInteger();
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String GROUP = "parallel-consumer-metrics";
    private static final String PARTITION_GROUP = "parallel-consumer-partition-metrics";

    private final String group = "watched-" + GROUPS.incrementAndGet();

    // ---------------------------------------------------------------- metrics

    @Test
    void shouldBeSeenByJmxWhileItLives() throws Exception {
        String topic = OneBroker.newTopic(2);
        fill(topic, 100);
        ParallelConsumer<String, String> consumer = ParallelConsumer.<String, String>builder(config("client.id", group)).topics(topic)
                .handler(record -> { }).build();
        try (consumer) {
            String bean = "kafka.consumer:type=" + GROUP + ",client-id=" + group;
            assertEquals(0L, attribute(bean, "records-handled-total"));
            consumer.start();
            await(() -> attribute(bean, "records-handled-total").equals(100L), "100 records to be handled");
            String ofPartition = "kafka.consumer:type=" + PARTITION_GROUP + ",client-id=" + group + ",topic=" + topic + ",partition=1";
            await(() -> attribute(ofPartition, "done-lag").equals(0.0), "no lag");
            await(() -> (Double) attribute(bean, "handler-latency-max") >= (Double) attribute(bean, "handler-latency-p50"),
                    "latencies");
            double idle = (Double) attribute(bean, "poll-idle-ratio");
            assertTrue(idle > 0 && idle <= 1, "idle " + idle);
            assertEquals(1, attribute(bean, "healthy"));
            assertEquals(16, attribute(bean, "concurrency"));
            consumer.concurrency(3);
            assertEquals(3, attribute(bean, "concurrency"));
            // Kafka's own are there as ever.
            assertEquals(1, beans("kafka.consumer:type=kafka-metrics-count,client-id=" + group).size());
        }
        assertEquals(Set.of(), beans("kafka.consumer:*,client-id=" + group));
        assertEquals(Set.of(), beans("kafka.consumer:*,id=" + group));
    }

    @Test
    void shouldLeaveNothingToBeSeenWhenItWasNeverStarted() throws Exception {
        ParallelConsumer.<String, String>builder(config("client.id", group)).topics("never-read").handler(record -> { }).build()
                .close();
        assertEquals(Set.of(), beans("kafka.consumer:*,client-id=" + group));
    }

    @Test
    void shouldShowKafkasMetricsAndItsOwnToABinder() throws Exception {
        String topic = OneBroker.newTopic(1);
        fill(topic, 10);
        Set<String> kafkas;
        try (KafkaConsumer<String, String> plain = new KafkaConsumer<>(config())) {
            plain.subscribe(Set.of(topic));
            await(() -> plain.poll(Duration.ofMillis(100)).count() > 0, "records");
            kafkas = names(plain);
        }
        assertTrue(kafkas.contains("consumer-fetch-manager-metrics records-lag [client-id, partition, topic]"), kafkas::toString);
        AtomicReference<Consumer<String, String>> view = new AtomicReference<>();
        try (ParallelConsumer<String, String> consumer = builder(topic).handler(record -> { }).build()) {
            view.set(consumer.asMetricsConsumer());
            consumer.start();
            await(() -> names(view.get()).containsAll(kafkas), "all metrics of Kafka's consumer");
            assertTrue(names(view.get()).contains(PARTITION_GROUP + " done-lag [client-id, partition, topic]"));
            assertEquals(view.get().metrics().keySet(), consumer.metrics().keySet());
            // One client id for all, as binders put it.
            assertEquals(1, view.get().metrics().keySet().stream().map(name -> name.tags().get("client-id")).filter(Objects::nonNull)
                    .distinct().count());
            assertThrows(UnsupportedOperationException.class, () -> view.get().commitSync());
        }
        assertTrue(names(view.get()).stream().noneMatch(name -> name.startsWith(PARTITION_GROUP)), "partitions are gone");
    }

    private static Set<String> names(Consumer<?, ?> consumer) {
        Set<String> names = new TreeSet<>();
        for (MetricName name : consumer.metrics().keySet())
            // Of one node or another.
            if (!name.group().equals("consumer-node-metrics"))
                names.add(name.group() + " " + name.name() + " " + new TreeSet<>(name.tags().keySet()));
        return names;
    }

    @Test
    void shouldCountWhatBecameOfRecords() throws Exception {
        String topic = OneBroker.newTopic(1);
        String dead = OneBroker.newTopic(1);
        fill(topic, 100);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig());
             ParallelConsumer<String, String> consumer = builder(topic).retry(RetryPolicy.fixed(Duration.ofMillis(1)).maxAttempts(3))
                     .deadLetters(DeadLetters.toTopic(dead, producer)).handler(record -> {
                         if (record.offset() < 4)
                             throw new IllegalArgumentException("never");
                     }).build()) {
            consumer.start();
            await(() -> isLag(consumer, 0), "everything to be committed");
            assertEquals(96.0, metric(consumer, "records-handled-total"));
            assertEquals(12.0, metric(consumer, "records-failed-total"));
            assertEquals(8.0, metric(consumer, "records-retried-total"));
            assertEquals(4.0, metric(consumer, "records-dead-lettered-total"));
            assertEquals(0.0, metric(consumer, "records-in-flight"));
        }
    }

    // ---------------------------------------------------------------- lag

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldHaveNoLagBehindMarkersOfTransactionsNorBeforeOpenOnes(String protocol) throws Exception {
        String topic = OneBroker.newTopic(1);
        AtomicInteger handled = new AtomicInteger();
        try (Producer<String, String> producer = new MillraceProducer<>(OneBroker.config("transactional.id", group + protocol));
             ParallelConsumer<String, String> consumer = ParallelConsumer.<String, String>builder(config("group.protocol", protocol,
                     "isolation.level", "read_committed")).topics(topic).handler(record -> {
                         handled.incrementAndGet();
                     }).build()) {
            producer.initTransactions();
            consumer.start();
            await(() -> isLag(consumer, 0), "no lag of an empty topic");
            inTransaction(producer, topic, 100);
            producer.commitTransaction();
            inTransaction(producer, topic, 50);
            producer.abortTransaction();
            inTransaction(producer, topic, 10);
            producer.commitTransaction();
            await(() -> handled.get() == 110 && isLag(consumer, 0), "no lag behind a commit");
            inTransaction(producer, topic, 5);
            producer.abortTransaction();
            // 165 records and four markers.
            await(() -> committed(consumer, topic) == 169, "the commit behind the last marker");
            assertTrue(isLag(consumer, 0), () -> consumer.status().toString());
            inTransaction(producer, topic, 20);
            assertEquals(189, OneBroker.cluster().endOffsets(topic).get(0));
            // An answer to a fetch tells of the new end by then; not a condition that could be waited for.
            TimeUnit.MILLISECONDS.sleep(700);
            assertEquals(169, committed(consumer, topic));
            assertTrue(isLag(consumer, 0), () -> "an open transaction is no lag: " + consumer.status());
            producer.commitTransaction();
            await(() -> handled.get() == 130 && committed(consumer, topic) == 190 && isLag(consumer, 0), "the last ones");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldSeeTheLagGrowThoughAPartitionIsNotFetched(String protocol) throws Exception {
        String topic = OneBroker.newTopic(1);
        TopicPartition partition = new TopicPartition(topic, 0);
        fill(topic, 10);
        try (ParallelConsumer<String, String> consumer = ParallelConsumer.<String, String>builder(config("group.protocol", protocol))
                .topics(topic).handler(record -> { }).build()) {
            consumer.start();
            await(() -> committed(consumer, topic) == 10 && isLag(consumer, 0), "no lag");
            consumer.pause(Set.of(partition));
            await(() -> consumer.status().partitions().get(partition).paused(), "the pause");
            fill(topic, 10);
            // These may have come by a fetch that was on its way; what follows did not.
            await(() -> isLag(consumer, 10), "the lag of ten records");
            fill(topic, 10);
            await(() -> isLag(consumer, 20), "the lag of twenty records");
            consumer.resume(Set.of(partition));
            await(() -> isLag(consumer, 0), "no lag again");
        }
    }

    private static long committed(ParallelConsumer<?, ?> consumer, String topic) {
        PartitionStatus status = consumer.status().partitions().get(new TopicPartition(topic, 0));
        return status == null ? -1 : status.committedOffset().orElse(-1);
    }

    private static boolean isLag(ParallelConsumer<?, ?> consumer, long lag) {
        ConsumerStatus status = consumer.status();
        return !status.assignment().isEmpty() && status.doneLag().equals(OptionalLong.of(lag))
                && status.committedLag().equals(OptionalLong.of(lag));
    }

    private static void inTransaction(Producer<String, String> producer, String topic, int count) {
        producer.beginTransaction();
        for (int i = 0; i < count; i++)
            producer.send(new ProducerRecord<>(topic, "key", "value"));
        producer.flush();
    }

    // ---------------------------------------------------------------- status and health

    @Test
    void shouldTellARecordThatStandsStill() throws Exception {
        String topic = OneBroker.newTopic(1);
        TopicPartition partition = new TopicPartition(topic, 0);
        fill(topic, 1_000);
        CountDownLatch release = new CountDownLatch(1);
        ConcurrentLinkedQueue<State> seenByHandlers = new ConcurrentLinkedQueue<>();
        AtomicReference<ParallelConsumer<String, String>> self = new AtomicReference<>();
        ParallelConsumer<String, String> consumer = builder(topic).ordering(ProcessingOrder.UNORDERED)
                .config("millrace.consumer.handler.timeout.ms", 400L).handler(record -> {
                    if (record.offset() == 17) {
                        seenByHandlers.add(self.get().status().state());
                        release.await();
                    }
                }).build();
        self.set(consumer);
        try (consumer) {
            assertEquals(State.NEW, consumer.status().state());
            assertTrue(consumer.isHealthy());
            consumer.start();
            await(() -> !consumer.isHealthy(), "the stuck record");
            ConsumerStatus status = consumer.status();
            assertEquals(State.RUNNING, status.state());
            assertEquals(Set.of(partition), status.stuckPartitions());
            PartitionStatus stuck = status.partitions().get(partition);
            assertEquals(OptionalLong.of(17), stuck.oldestOffset());
            assertTrue(stuck.oldestAge().toMillis() >= 400, stuck::toString);
            assertTrue(status.problems().get(0).contains(topic + "-0 stands still at offset 17"), status.problems()::toString);
            await(() -> consumer.status().doneLag().equals(OptionalLong.of(1)), "all others to be done");
            await(() -> consumer.status().committedLag().equals(OptionalLong.of(983)), "the commit of what is before it");
            assertEquals(1, consumer.status().running());
            assertEquals(1.0, metric(consumer, "handlers-hung"));
            assertEquals(1.0, metric(consumer, "partitions-stuck"));
            assertEquals(0.0, metric(consumer, "healthy"));
            assertTrue(metric(consumer, "oldest-record-age") >= 400);
            assertEquals(Set.of(State.RUNNING), Set.copyOf(seenByHandlers));
            release.countDown();
            await(() -> consumer.isHealthy() && isLag(consumer, 0), "health when it is done");
            assertEquals(0, consumer.status().inFlight());
            consumer.pause(Set.of(partition));
            await(() -> consumer.status().partitions().get(partition).paused(), "the pause");
            assertTrue(consumer.isHealthy());
        } finally {
            release.countDown();
        }
        assertEquals(State.CLOSED, consumer.status().state());
        assertEquals(Set.of(), consumer.status().assignment());
        assertFalse(consumer.isHealthy());
    }

    @Test
    void shouldTellWhyItEndedByItself() throws Exception {
        String topic = OneBroker.newTopic(1);
        fill(topic, 10);
        ParallelConsumer<String, String> consumer = builder(topic).retry(RetryPolicy.never()).handler(record -> {
            throw new IllegalArgumentException("bad record");
        }).build();
        consumer.start();
        assertThrows(KafkaException.class, () -> consumer.awaitTermination(SOON));
        ConsumerStatus status = consumer.status();
        assertEquals(State.FAILED, status.state());
        assertTrue(status.failure().orElseThrow().getMessage().contains(topic + "-0 offset "), status::toString);
        assertTrue(status.problems().get(0).contains("bad record"), status.problems()::toString);
        assertThrows(KafkaException.class, consumer::close);
    }

    @Test
    void shouldHavePartitionsAsTheyComeAndGo() throws Exception {
        String topic = OneBroker.newTopic(2);
        try (ParallelConsumer<String, String> first = builder(topic).handler(record -> { }).build()) {
            first.start();
            await(() -> ofPartitions(first).size() == 2, "both partitions");
            try (ParallelConsumer<String, String> second = builder(topic).handler(record -> { }).build()) {
                second.start();
                await(() -> ofPartitions(first).size() == 1 && ofPartitions(second).size() == 1, "a partition for each");
                assertEquals(1, first.status().assignment().size());
                assertEquals(1.0, metric(second, "partitions-assigned"));
                Set<String> both = new TreeSet<>(ofPartitions(first));
                both.addAll(ofPartitions(second));
                assertEquals(Set.of("0", "1"), both);
            }
            await(() -> ofPartitions(first).size() == 2, "both again");
        }
    }

    private static Set<String> ofPartitions(ParallelConsumer<?, ?> consumer) {
        Set<String> partitions = new TreeSet<>();
        for (MetricName name : consumer.metrics().keySet())
            if (name.group().equals(PARTITION_GROUP))
                partitions.add(name.tags().get("partition"));
        return partitions;
    }

    // ---------------------------------------------------------------- helpers

    private ParallelConsumer.Builder<String, String> builder(String topic) {
        return ParallelConsumer.<String, String>builder(config()).topics(topic);
    }

    private Map<String, Object> config(Object... overrides) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "bootstrap.servers", OneBroker.cluster().bootstrapServers(),
                "group.id", group,
                "auto.offset.reset", "earliest",
                "millrace.consumer.commit.interval.ms", 50L,
                "metadata.max.age.ms", 1_000L,
                "key.deserializer", StringDeserializer.class,
                "value.deserializer", StringDeserializer.class));
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        return config;
    }

    private static void fill(String topic, int count) {
        try (Producer<String, String> producer = new MillraceProducer<>(OneBroker.config())) {
            for (int i = 0; i < count; i++)
                producer.send(new ProducerRecord<>(topic, "key-" + i, "value-" + i));
        }
    }

    private static double metric(ParallelConsumer<?, ?> consumer, String name) {
        return consumer.metrics().entrySet().stream()
                .filter(entry -> entry.getKey().group().equals(GROUP) && entry.getKey().name().equals(name))
                .mapToDouble(entry -> ((Number) entry.getValue().metricValue()).doubleValue()).findFirst().orElseThrow();
    }

    private static Object attribute(String bean, String attribute) {
        try {
            return ManagementFactory.getPlatformMBeanServer().getAttribute(new ObjectName(bean), attribute);
        } catch (javax.management.InstanceNotFoundException e) {
            return "no such bean";
        } catch (JMException e) {
            throw new AssertionError(e);
        }
    }

    private static Set<String> beans(String pattern) {
        return NothingLeftBehind.beans(pattern);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition, String what) throws Exception {
        long untilNs = System.nanoTime() + SOON.toNanos();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < untilNs, "waited in vain for " + what);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
