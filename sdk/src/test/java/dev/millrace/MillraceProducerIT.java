package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Many records at a real broker, in what is hard for an engine: every codec, many threads, little memory, large batches. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class MillraceProducerIT {

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void shouldDeliverEveryRecordInOrderWithEveryCodec(String codec) throws Exception {
        String topic = OneBroker.newTopic(3);
        int count = 20_000;
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = producer("compression.type", codec, "linger.ms", 5)) {
            for (int i = 0; i < count; i++)
                futures.add(producer.send(new ProducerRecord<>(topic, i % 3, (long) i, "key-" + i, "value-" + i)));
        }
        List<List<ConsumerRecord<String, String>>> read = OneBroker.read(topic);
        for (int i = 0; i < count; i++) {
            RecordMetadata metadata = futures.get(i).get();
            ConsumerRecord<String, String> record = read.get(i % 3).get(i / 3);
            assertEquals("value-" + i, record.value());
            assertEquals("key-" + i, record.key());
            assertEquals(i, record.timestamp());
            assertEquals(record.offset(), metadata.offset());
            assertEquals(i % 3, metadata.partition());
            assertEquals(("value-" + i).getBytes(StandardCharsets.UTF_8).length, metadata.serializedValueSize());
        }
    }

    @Test
    void shouldServeManyThreads() throws Exception {
        String topic = OneBroker.newTopic(6);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("linger.ms", 1,
                "compression.type", "lz4"))) {
            LedgerLoad load = new LedgerLoad(producer, topic, 100).start(16, 10_000);
            load.join();
            producer.flush();
            load.assertDelivered(OneBroker.cluster().bootstrapServers());
        }
    }

    /** A deadlock shows as a thread that is stuck, or a record that fails after max.block.ms. */
    @ParameterizedTest
    @CsvSource({"none, 64", "gzip, 64", "snappy, 64", "lz4, 64", "zstd, 64", "none, 1024", "gzip, 1024", "snappy, 1024",
            "lz4, 1024", "zstd, 1024"})
    void shouldGoOnWithLittleMemory(String codec, int kib) throws Exception {
        String topic = OneBroker.newTopic(8);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("compression.type", codec,
                "buffer.memory", kib * 1024, "linger.ms", 20))) {
            LedgerLoad load = new LedgerLoad(producer, topic, 500).start(12, 1000);
            load.join();
            producer.flush();
            load.assertDelivered(OneBroker.cluster().bootstrapServers());
        }
    }

    /** Large records: each takes most of what memory there is. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "zstd"})
    void shouldGoOnWhenRecordsAreNearlyAsLargeAsMemory(String codec) throws Exception {
        String topic = OneBroker.newTopic(3);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("compression.type", codec,
                "buffer.memory", 256 * 1024, "linger.ms", 20))) {
            LedgerLoad load = new LedgerLoad(producer, topic, 200_000).start(6, 30);
            load.join();
            producer.flush();
            load.assertDelivered(OneBroker.cluster().bootstrapServers());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "lz4", "zstd"})
    void shouldSplitBatchesTheBrokerFindsTooLarge(String codec) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("max.message.bytes", "5000"));
        int count = 3000;
        // Hardly to be compressed, so that sealed batches are as large as batch.size has them.
        Random random = new Random(7);
        List<String> values = IntStream.range(0, count).mapToObj(i -> i + " " + Long.toHexString(random.nextLong())).toList();
        List<Long> called = new ArrayList<>();
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = producer("compression.type", codec, "batch.size", 100_000, "linger.ms", 100)) {
            for (String value : values)
                futures.add(producer.send(new ProducerRecord<>(topic, value), (metadata, e) -> called.add(metadata.offset())));
            producer.flush();
            assertTrue(metric(producer, "batch-split-total") > 0, "no batch was split");
        }
        assertEquals(values, OneBroker.readOne(topic).stream().map(ConsumerRecord::value).toList());
        for (int i = 0; i < count; i++)
            assertEquals(i, futures.get(i).get().offset());
        assertEquals(IntStream.range(0, count).mapToObj(Long::valueOf).toList(), called);
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "snappy"})
    void shouldSplitInOrderWithManyBatchesOnTheWay(String codec) throws Exception {
        String topic = OneBroker.newTopic(3, Map.of("max.message.bytes", "3000"));
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("compression.type", codec,
                "batch.size", 20_000, "linger.ms", 5))) {
            LedgerLoad load = new LedgerLoad(producer, topic, 100).start(6, 3000);
            load.join();
            producer.flush();
            assertTrue(metric(producer, "batch-split-total") > 10, "hardly a batch was split");
            load.assertDelivered(OneBroker.cluster().bootstrapServers());
        }
    }

    @Test
    void shouldFailOnlyTheRecordThatIsTooLargeOfABatch() throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("max.message.bytes", "5000"));
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = producer("batch.size", 50_000, "linger.ms", 100)) {
            for (int i = 0; i < 20; i++)
                futures.add(producer.send(new ProducerRecord<>(topic, i == 10 ? "x".repeat(6000) : "value-" + i)));
        }
        for (int i = 0; i < 20; i++) {
            Future<RecordMetadata> future = futures.get(i);
            if (i == 10)
                assertInstanceOf(RecordTooLargeException.class, assertThrows(ExecutionException.class, future::get).getCause());
            else
                assertEquals(i < 10 ? i : i - 1, future.get().offset());
        }
        assertEquals(19, OneBroker.readOne(topic).size());
    }

    @Test
    void shouldUsePartitionsThatAreAddedWhileItSends() throws Exception {
        String topic = OneBroker.newTopic(1);
        Map<Integer, Integer> counts = new HashMap<>();
        try (Producer<String, String> producer = producer("metadata.max.age.ms", 200, "linger.ms", 0, "batch.size", 200)) {
            producer.send(new ProducerRecord<>(topic, "first")).get();
            OneBroker.cluster().admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(4))).all().get();
            // Asked for by number: waits for the metadata.
            assertEquals(3, producer.send(new ProducerRecord<>(topic, 3, null, "last")).get().partition());
            for (int i = 0; i < 2000; i++)
                counts.merge(producer.send(new ProducerRecord<>(topic, "value-" + i)).get().partition(), 1, Integer::sum);
        }
        assertEquals(4, counts.size(), counts::toString);
        assertEquals(2002, OneBroker.read(topic).stream().mapToInt(List::size).sum());
    }

    @Test
    void shouldDeliverAllAtOnceToATopicJustMade() throws Exception {
        String topic = OneBroker.unusedTopic();
        int partitions = 50;
        try (Producer<String, String> producer = producer("batch.size", 300, "linger.ms", 0, "delivery.timeout.ms", 30_000)) {
            // Known from metadata alone: some partitions' leaders are not ready when the first batches come.
            OneBroker.cluster().createTopic(topic, partitions, 1);
            List<Future<RecordMetadata>> futures = new ArrayList<>();
            for (int i = 0; i < 100 * partitions; i++)
                futures.add(producer.send(new ProducerRecord<>(topic, i % partitions, null, "value-" + i)));
            for (int i = 0; i < futures.size(); i++)
                assertEquals(i / partitions, futures.get(i).get().offset());
        }
    }

    @Test
    void shouldServeManyPartitions() throws Exception {
        String topic = OneBroker.newTopic(300);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("linger.ms", 5,
                "compression.type", "zstd", "buffer.memory", 4 << 20))) {
            LedgerLoad load = new LedgerLoad(producer, topic, 100).start(8, 5000);
            load.join();
            producer.flush();
            load.assertDelivered(OneBroker.cluster().bootstrapServers());
        }
    }

    @Test
    void shouldGoOnWhenTheTopicIsDeletedAndMadeAgain() throws Exception {
        String topic = OneBroker.newTopic(2);
        List<Exception> failures = new ArrayList<>();
        try (Producer<String, String> producer = producer("linger.ms", 0)) {
            for (int i = 0; i < 100; i++)
                producer.send(new ProducerRecord<>(topic, i % 2, null, "old"), (m, e) -> failures.add(e));
            producer.flush();
            OneBroker.cluster().deleteTopic(topic);
            OneBroker.createTopic(topic, 2, Map.of());
            for (int i = 0; i < 100; i++)
                producer.send(new ProducerRecord<>(topic, i % 2, null, "new-" + i), (m, e) -> failures.add(e));
        }
        failures.forEach(e -> assertNull(e));
        for (int p = 0; p < 2; p++) {
            int partition = p;
            assertEquals(IntStream.range(0, 50).mapToObj(i -> "new-" + (2 * i + partition)).toList(),
                    OneBroker.read(topic).get(p).stream().map(ConsumerRecord::value).toList());
        }
    }

    @Test
    void shouldKeepOrderWhenTheTopicIsMadeAgainUnderLoad() throws Exception {
        for (int round = 0; round < 5; round++) {
            String topic = OneBroker.newTopic(4);
            List<Exception> failures = Collections.synchronizedList(new ArrayList<>());
            AtomicBoolean stop = new AtomicBoolean();
            try (Producer<String, String> producer = producer("linger.ms", 0, "batch.size", 500, "retry.backoff.ms", 20,
                    "delivery.timeout.ms", 10_000, "request.timeout.ms", 9000)) {
                Thread sender = new Thread(() -> {
                    for (int i = 0; !stop.get(); i++) {
                        producer.send(new ProducerRecord<>(topic, i % 4, (long) i, null, "v"), (metadata, e) -> {
                            if (e != null)
                                failures.add(e);
                        });
                        LockSupport.parkNanos(50_000);
                    }
                });
                sender.start();
                OneBroker.cluster().deleteTopic(topic);
                OneBroker.cluster().createTopic(topic, 4, 1);
                Thread.sleep(100);
                stop.set(true);
                sender.join();
            }
            assertEquals(List.of(), failures);
            for (List<ConsumerRecord<String, String>> partition : OneBroker.read(topic)) {
                List<Long> numbers = partition.stream().map(ConsumerRecord::timestamp).toList();
                assertEquals(numbers.stream().sorted().distinct().toList(), numbers);
            }
        }
    }

    static double metric(Producer<?, ?> producer, String name) {
        return producer.metrics().entrySet().stream()
                .filter(e -> e.getKey().group().equals("producer-metrics") && e.getKey().name().equals(name))
                .mapToDouble(e -> (double) e.getValue().metricValue()).findFirst().orElseThrow();
    }

    private static Producer<String, String> producer(Object... overrides) {
        return new MillraceProducer<>(OneBroker.config(overrides));
    }
}
