package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RecordOutcome;
import dev.millrace.consumer.RetryPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The parallel consumer with a real broker and no faults. */
@Timeout(120)
class ParallelConsumerIT {

    private static final AtomicInteger GROUPS = new AtomicInteger();
    private static final Duration SOON = Duration.ofSeconds(60);

    private static final Executor ELSEWHERE = Executors.newFixedThreadPool(2, task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    private final String group = "group-" + GROUPS.incrementAndGet();

    // ---------------------------------------------------------------- order and completeness

    private enum Kind { BLOCKING, ASYNC, BATCH }

    @ParameterizedTest
    @EnumSource
    void shouldHandleEveryRecordOnceAndInOrder(Kind kind) throws Exception {
        for (ProcessingOrder order : ProcessingOrder.values()) {
            String topic = OneBroker.newTopic(3);
            int count = 20_000;
            fill(topic, count, 100);
            HandledLog log = new HandledLog(order, count);
            String orderGroup = group + "-" + kind + order;
            try (ParallelConsumer<String, String> consumer = withHandler(builder(orderGroup, topic).ordering(order), kind, log).build()) {
                consumer.start();
                log.awaitAll();
            }
            log.assertOrdered();
            assertEquals(endOffsets(topic), committed(orderGroup), kind + " " + order);
        }
    }

    private static ParallelConsumer.Builder<String, String> withHandler(ParallelConsumer.Builder<String, String> builder, Kind kind,
            HandledLog log) {
        return switch (kind) {
            case BLOCKING -> builder.handler(log::handle);
            case ASYNC -> builder.asyncHandler((record, context) -> record.offset() % 3 == 0
                    ? CompletableFuture.completedFuture(log.handleQuietly(record))
                    : CompletableFuture.runAsync(() -> log.handleQuietly(record), ELSEWHERE));
            case BATCH -> builder.batchHandler(records -> {
                records.forEach(log::handleQuietly);
                return records.stream().map(record -> RecordOutcome.handled()).toList();
            });
        };
    }

    /** What was handled; fails at once when two records that have an order are in work together. */
    private static final class HandledLog {
        private final ProcessingOrder order;
        private final CountDownLatch left;
        private final Map<String, List<Long>> offsets = new ConcurrentHashMap<>();
        private final Set<String> inWork = ConcurrentHashMap.newKeySet();
        private final List<String> overlaps = new ArrayList<>();

        HandledLog(ProcessingOrder order, int count) {
            this.order = order;
            left = new CountDownLatch(count);
        }

        void handle(ConsumerRecord<String, String> record) {
            String lane = switch (order) {
                case KEY -> record.partition() + "/" + record.key();
                case PARTITION -> Integer.toString(record.partition());
                case UNORDERED -> record.partition() + "@" + record.offset();
            };
            boolean alone = inWork.add(lane);
            synchronized (overlaps) {
                if (!alone)
                    overlaps.add(lane);
            }
            offsets.computeIfAbsent(lane, ignored -> new ArrayList<>()).add(record.offset());
            inWork.remove(lane);
            left.countDown();
        }

        Void handleQuietly(ConsumerRecord<String, String> record) {
            handle(record);
            return null;
        }

        void awaitAll() throws InterruptedException {
            assertTrue(left.await(SOON.toSeconds(), TimeUnit.SECONDS), left.getCount() + " records were not handled");
        }

        void assertOrdered() {
            assertEquals(List.of(), overlaps);
            Map<String, List<Long>> unordered = new HashMap<>(offsets);
            unordered.values().removeIf(seen -> seen.equals(seen.stream().sorted().distinct().toList()));
            assertEquals(Map.of(), unordered, "out of order or twice");
        }
    }

    // ---------------------------------------------------------------- failures

    @Test
    void shouldTryAgainWhileOtherKeysGoOnAndKeepTheOrderOfTheKey() throws Exception {
        String topic = OneBroker.newTopic(1);
        fill(topic, 1_000, 10);
        List<Long> ofKey3 = java.util.Collections.synchronizedList(new ArrayList<>());
        CountDownLatch others = new CountDownLatch(900);
        CountDownLatch all = new CountDownLatch(1_000);
        AtomicInteger failures = new AtomicInteger();
        try (ParallelConsumer<String, String> consumer = builder(group, topic).retry(RetryPolicy.fixed(Duration.ofMillis(20)))
                .handler((record, context) -> {
                    if (!"key-3".equals(record.key())) {
                        others.countDown();
                    } else if (context.attempt() <= 3 && record.offset() == 3 || others.getCount() > 0) {
                        failures.incrementAndGet();
                        throw new IllegalStateException("not yet");
                    } else {
                        ofKey3.add(record.offset());
                    }
                    all.countDown();
                }).build()) {
            consumer.start();
            assertTrue(all.await(SOON.toSeconds(), TimeUnit.SECONDS), all.getCount() + " left, others " + others.getCount());
        }
        assertTrue(failures.get() >= 3, "failures " + failures);
        assertEquals(100, ofKey3.size());
        assertEquals(ofKey3.stream().sorted().toList(), ofKey3);
        assertEquals(endOffsets(topic), committed(group));
    }

    @Test
    void shouldPutRecordsThatFailToTheDeadLettersAndGoOn() throws Exception {
        String topic = OneBroker.newTopic(1);
        String dead = OneBroker.newTopic(1);
        fill(topic, 100, 10);
        CountDownLatch handled = new CountDownLatch(90);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig());
             ParallelConsumer<String, String> consumer = builder(group, topic)
                     .retry(RetryPolicy.fixed(Duration.ofMillis(1)).maxAttempts(2))
                     .deadLetters(DeadLetters.toTopic(dead, producer))
                     .handler(record -> {
                         if (record.key().equals("key-5"))
                             throw new IllegalArgumentException("never");
                         handled.countDown();
                     }).build()) {
            consumer.start();
            assertTrue(handled.await(SOON.toSeconds(), TimeUnit.SECONDS));
            await(() -> OneBroker.readOne(dead).size() == 10, "ten dead letters");
        }
        ConsumerRecord<String, String> letter = OneBroker.readOne(dead).get(1);
        assertEquals("key-5", letter.key());
        assertEquals("value-15", letter.value());
        assertEquals(topic, header(letter, DeadLetters.TOPIC));
        assertEquals("15", header(letter, DeadLetters.OFFSET));
        assertEquals("2", header(letter, DeadLetters.ATTEMPTS));
        assertEquals("never", header(letter, DeadLetters.MESSAGE));
        assertEquals(IllegalArgumentException.class.getName(), header(letter, DeadLetters.EXCEPTION));
        assertEquals(endOffsets(topic), committed(group));
    }

    @Test
    void shouldStopWithTheReasonWhenThereAreNoDeadLetters() throws Exception {
        String topic = OneBroker.newTopic(1);
        fill(topic, 10, 10);
        CompletableFuture<KafkaException> told = new CompletableFuture<>();
        ParallelConsumer<String, String> consumer = builder(group, topic).retry(RetryPolicy.never()).failureListener(told::complete)
                .handler(record -> {
                    if (record.offset() == 5)
                        throw new IllegalArgumentException("bad record");
                }).build();
        consumer.start();
        KafkaException failure = assertThrows(KafkaException.class, () -> consumer.awaitTermination(SOON));
        assertTrue(failure.getMessage().contains(topic + "-0 offset 5"), failure.getMessage());
        assertEquals("bad record", failure.getCause().getCause().getMessage());
        assertTrue(told.get(1, TimeUnit.SECONDS).getMessage().contains("offset 5"));
        assertThrows(KafkaException.class, consumer::close);
        assertEquals(Map.of(new TopicPartition(topic, 0), 5L), committed(group));
    }

    @Test
    void shouldStopAtBytesThatAreNoRecordUnlessTheyAreToBeSkipped() throws Exception {
        String topic = OneBroker.newTopic(1);
        fill(topic, 10, 1);
        ParallelConsumer<String, Integer> consumer = ParallelConsumer.<String, Integer>builder(config(group,
                "value.deserializer", IntegerDeserializer.class)).topics(topic).handler(record -> { }).build();
        consumer.start();
        KafkaException failure = assertThrows(KafkaException.class, () -> consumer.awaitTermination(SOON));
        assertTrue(failure.getMessage().contains("offset 0"), failure.getMessage());
        String skipping = group + "-skip";
        try (ParallelConsumer<String, Integer> skips = ParallelConsumer.<String, Integer>builder(config(skipping,
                "value.deserializer", IntegerDeserializer.class, "millrace.consumer.undecodable", "skip",
                "millrace.consumer.commit.interval.ms", 20L)).topics(topic).handler(record -> { }).build()) {
            skips.start();
            await(() -> committed(skipping).equals(endOffsets(topic)), "the end to be committed");
        }
    }

    // ---------------------------------------------------------------- commits

    @Test
    void shouldNotHandleAgainAMillionThatWereDoneBehindAStuckRecord() throws Exception {
        int count = 1_000_000;
        String topic = OneBroker.newTopic(1);
        fill(topic, count, count);
        CountDownLatch others = new CountDownLatch(count - 1);
        CountDownLatch stuck = new CountDownLatch(1);
        ParallelConsumer<String, String> first = builder(group, topic)
                .config("millrace.consumer.drain.timeout.ms", 100L).config("millrace.consumer.commit.interval.ms", 50L)
                .handler(record -> {
                    if (record.offset() == 0)
                        stuck.await();
                    others.countDown();
                }).build();
        first.start();
        assertTrue(others.await(SOON.toSeconds(), TimeUnit.SECONDS));
        await(() -> metric(first, "done-lag") == 1 && metric(first, "committed-lag") == count, "the lags to be told");
        assertEquals(0, metric(first, "commits-failed-total"));
        first.close();
        OffsetAndMetadata commit = commits(group).get(new TopicPartition(topic, 0));
        assertEquals(0, commit.offset());
        assertFalse(commit.metadata().isEmpty());
        List<Long> again = java.util.Collections.synchronizedList(new ArrayList<>());
        try (ParallelConsumer<String, String> second = builder(group, topic).config("millrace.consumer.commit.interval.ms", 20L)
                .handler(record -> {
                    again.add(record.offset());
                }).build()) {
            second.start();
            await(() -> committed(group).equals(endOffsets(topic)), "the end to be committed");
        }
        assertEquals(List.of(0L), again);
    }

    private static double metric(ParallelConsumer<?, ?> consumer, String name) {
        return consumer.metrics().values().stream().filter(metric -> metric.metricName().name().equals(name)
                && metric.metricName().group().equals("parallel-consumer-metrics")).mapToDouble(metric -> ((Number) metric.metricValue()).doubleValue()).sum();
    }

    // ---------------------------------------------------------------- helpers

    private static ParallelConsumer.Builder<String, String> builder(String group, String topic) {
        return ParallelConsumer.<String, String>builder(config(group)).topics(topic);
    }

    private static Map<String, Object> config(String group, Object... overrides) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "bootstrap.servers", OneBroker.cluster().bootstrapServers(),
                "group.id", group,
                "auto.offset.reset", "earliest",
                "key.deserializer", StringDeserializer.class,
                "value.deserializer", StringDeserializer.class));
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        return config;
    }

    /** Values {@code value-0} and so on, with so many keys in turn, the partition by the key. */
    private static void fill(String topic, int count, int keys) {
        try (Producer<String, String> producer = new MillraceProducer<>(OneBroker.config())) {
            for (int i = 0; i < count; i++)
                producer.send(new ProducerRecord<>(topic, "key-" + i % keys, "value-" + i));
        }
    }

    private static String header(ConsumerRecord<?, ?> record, String key) {
        return new String(record.headers().lastHeader(key).value(), StandardCharsets.UTF_8);
    }

    private static Map<TopicPartition, Long> endOffsets(String topic) {
        Map<TopicPartition, Long> ends = new HashMap<>();
        OneBroker.cluster().endOffsets(topic).forEach((partition, end) -> ends.put(new TopicPartition(topic, partition), end));
        return ends;
    }

    private static Map<TopicPartition, Long> committed(String group) throws InterruptedException {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        commits(group).forEach((partition, commit) -> offsets.put(partition, commit.offset()));
        return offsets;
    }

    private static Map<TopicPartition, OffsetAndMetadata> commits(String group) throws InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", OneBroker.cluster().bootstrapServers()))) {
            return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
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
