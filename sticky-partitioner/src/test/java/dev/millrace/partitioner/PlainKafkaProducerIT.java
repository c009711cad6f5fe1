package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.millrace.testkit.KafkaCluster;

/** The partitioners in a plain {@code KafkaProducer}, against a real broker. */
class PlainKafkaProducerIT {
    private static final Class<?> STICKY = StickyPartitioner.class;
    private static final int VALUE_BYTES = 100;
    private static final int RECORDS_PER_RUN = (16_384 - 61) / (VALUE_BYTES + 12);
    private static KafkaCluster cluster;

    @BeforeAll
    static void startBroker() {
        cluster = KafkaCluster.builder().brokers(1).start();
    }

    @AfterAll
    static void stopBroker() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void shouldDeliverRecordsWithoutAKeyToAllPartitionsInRuns() throws Exception {
        createTopic("keyless", 6);
        List<RecordMetadata> sent = send("keyless", 60_000, Map.of("partitioner.class", STICKY.getName()), i -> null);

        Map<Integer, List<Integer>> byPartition = new TreeMap<>();
        for (int i = 0; i < sent.size(); i++) {
            byPartition.computeIfAbsent(sent.get(i).partition(), p -> new ArrayList<>()).add(i);
        }
        assertEquals(byPartition, read("keyless"), "what was sent where, in order");
        assertEven(byPartition, 6, 0.05);
        int run = 0;
        for (int i = 0; i < sent.size(); i++) {
            run++;
            if (i + 1 < sent.size() && sent.get(i).partition() != sent.get(i + 1).partition()) {
                // More than one where the same partition came up twice.
                assertEquals(0, run % RECORDS_PER_RUN, "a run of " + run + " records that ends with record " + i);
                run = 0;
            }
        }
    }

    @Test
    void shouldPutKeysWhereTheDefaultPutsThem() throws Exception {
        createTopic("keyed-ours", 7);
        createTopic("keyed-default", 7);
        IntFunction<byte[]> key = i -> i == 0 ? new byte[0] : ("customer-" + i).getBytes(StandardCharsets.UTF_8);
        List<RecordMetadata> ours = send("keyed-ours", 5_000, Map.of("partitioner.class", STICKY), key);
        List<RecordMetadata> defaults = send("keyed-default", 5_000, Map.of(), key);
        for (int i = 0; i < ours.size(); i++) {
            assertEquals(defaults.get(i).partition(), ours.get(i).partition(), "key " + i);
        }
        assertEquals(read("keyed-default"), read("keyed-ours"));
    }

    @Test
    void shouldStickWithKeysThatAreIgnored() throws Exception {
        createTopic("ignored", 4);
        List<RecordMetadata> sent = send("ignored", 100,
                Map.of("partitioner.class", STICKY, "partitioner.ignore.keys", "true"), i -> new byte[] {(byte) i});
        assertEquals(1, sent.stream().map(RecordMetadata::partition).distinct().count());
    }

    @Test
    void shouldTakeTurnsOverAnEvenNumberOfPartitions() throws Exception {
        createTopic("turns", 4);
        send("turns", 40_000, Map.of("partitioner.class", RoundRobinPartitioner.class), i -> null);
        assertEven(read("turns"), 4, 0);
    }

    @Test
    void shouldReachPartitionsThatAreAddedWhileItSends() throws Exception {
        createTopic("growing", 3);
        Set<Integer> reached = new HashSet<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(
                Map.of("partitioner.class", STICKY, "metadata.max.age.ms", 200, "batch.size", 1000))) {
            reached.add(producer.send(record("growing", 0, null)).get().partition());
            cluster.admin().createPartitions(Map.of("growing", NewPartitions.increaseTo(6))).all().get();
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            for (int i = 1; reached.size() < 6 && System.nanoTime() < deadline; i++) {
                // Waiting for the acknowledgement keeps this from being a busy loop.
                reached.add(producer.send(record("growing", i, null)).get().partition());
            }
        }
        assertEquals(Set.of(0, 1, 2, 3, 4, 5), reached);
    }

    /**
     * Metadata names a leader before the leader itself knows; what is sent in between is refused. KafkaProducer can
     * then put a later batch first and never get past OUT_OF_ORDER_SEQUENCE_NUMBER. A leader that tells its end offset
     * knows.
     */
    private static void createTopic(String topic, int partitions) {
        cluster.createTopic(topic, partitions, 1);
        assertEquals(partitions, cluster.endOffsets(topic).size());
    }

    private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> config) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", cluster.bootstrapServers(), "linger.ms", 5));
        all.putAll(config);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, int number, byte[] key) {
        return new ProducerRecord<>(topic, key, ByteBuffer.allocate(VALUE_BYTES).putInt(number).array());
    }

    private static List<RecordMetadata> send(String topic, int records, Map<String, Object> config,
                                             IntFunction<byte[]> key) throws Exception {
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(config)) {
            for (int i = 0; i < records; i++) {
                futures.add(producer.send(record(topic, i, key.apply(i))));
            }
        }
        List<RecordMetadata> sent = new ArrayList<>();
        for (Future<RecordMetadata> future : futures) {
            sent.add(future.get());
        }
        return sent;
    }

    /** The numbers of the records in each partition, in the order of the log. */
    private static Map<Integer, List<Integer>> read(String topic) {
        Map<Integer, List<Integer>> numbers = new TreeMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", cluster.bootstrapServers(), "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).collect(Collectors.toList());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                assertTrue(System.nanoTime() < deadline, () -> "the end was not reached: " + ends);
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    numbers.computeIfAbsent(record.partition(), p -> new ArrayList<>())
                            .add(ByteBuffer.wrap(record.value()).getInt());
                }
            }
        }
        return numbers;
    }

    private static void assertEven(Map<Integer, List<Integer>> byPartition, int partitions, double tolerance) {
        assertEquals(partitions, byPartition.size());
        int sum = byPartition.values().stream().mapToInt(List::size).sum();
        byPartition.forEach((partition, numbers) -> assertEquals((double) sum / partitions, numbers.size(),
                tolerance * sum / partitions, () -> "records of partition " + partition));
    }
}
