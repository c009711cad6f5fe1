package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.KafkaCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Brokers of Kafka 3.9, the last that clients of 4.3 meet in many places, take records and transactions. They know the first
 * protocol of transactions only (TV1). Their class path is named by a file; {@code mvn verify -Pold-brokers} makes it.
 */
@EnabledIfSystemProperty(named = OldBrokersIT.CLASS_PATH_FILE, matches = ".+", disabledReason = "run with -Pold-brokers")
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class OldBrokersIT {

    static final String CLASS_PATH_FILE = "millrace.old.brokers";

    private static final short METADATA_OF_3_9 = 21;
    private static final int RECORDS = 1_000;
    private static final AtomicInteger NAMES = new AtomicInteger();

    private static KafkaCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        String jars = Files.readString(Path.of(System.getProperty(CLASS_PATH_FILE))).strip();
        cluster = KafkaCluster.builder().brokers(3).brokerClassPath(jars).start();
    }

    @AfterAll
    static void stop() {
        if (cluster != null)
            cluster.close();
    }

    @Test
    void shouldBeOld() throws Exception {
        Map<String, FinalizedVersionRange> features =
                cluster.admin().describeFeatures().featureMetadata().get(30, TimeUnit.SECONDS).finalizedFeatures();
        assertEquals(METADATA_OF_3_9, features.get("metadata.version").maxVersionLevel(), features::toString);
        FinalizedVersionRange transactions = features.get("transaction.version");
        assertTrue(transactions == null || transactions.maxVersionLevel() < 2, features::toString);
    }

    // ---------------------------------------------------------------- records

    @ParameterizedTest
    @CsvSource({"KAFKA,0", "KAFKA,1", "KAFKA,all", "MILLRACE,0", "MILLRACE,1", "MILLRACE,all"})
    void shouldTakeRecordsThatAreNotIdempotent(Client client, String acks) throws Exception {
        assertDelivers(client, "acks", acks, "enable.idempotence", false);
    }

    @ParameterizedTest
    @CsvSource({"KAFKA,none", "KAFKA,gzip", "KAFKA,snappy", "KAFKA,lz4", "KAFKA,zstd",
        "MILLRACE,none", "MILLRACE,gzip", "MILLRACE,snappy", "MILLRACE,lz4", "MILLRACE,zstd"})
    void shouldTakeIdempotentRecordsOfEveryCodec(Client client, String codec) throws Exception {
        assertDelivers(client, "compression.type", codec, "linger.ms", 5);
    }

    private static void assertDelivers(Client client, Object... settings) throws Exception {
        String topic = newTopic();
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = client.producer(TestConfig.strings(cluster, settings))) {
            for (String record : records(RECORDS))
                futures.add(producer.send(record(topic, record)));
        }
        for (Future<RecordMetadata> future : futures)
            future.get();
        // Who does not ask for all replicas is answered before readers see the records, or not at all.
        TopicContents.awaitEnd(cluster, topic, RECORDS);
        assertEquals(records(RECORDS), TopicContents.all(cluster, topic));
    }

    @OverBothClients
    void shouldLoseNothingWhenALeaderIsKilled(Client client) throws Exception {
        String topic = newTopic();
        LedgerLoad load;
        try (Producer<byte[], byte[]> producer = client.producer(TestConfig.bytes(cluster))) {
            load = new LedgerLoad(producer, topic, 100).startPaced(2, 20_000);
            load.awaitMore(5_000);
            int leader = cluster.leaderOf(topic, 0);
            cluster.kill(leader);
            cluster.awaitNewLeader(topic, 0, leader);
            load.awaitMore(5_000);
            cluster.start(leader);
            load.stop();
        }
        load.assertDelivered(cluster.bootstrapServers());
    }

    // ---------------------------------------------------------------- transactions

    @OverBothClients
    void shouldCommitAndAbort(Client client) throws Exception {
        String topic = newTopic();
        String id = newName();
        try (Producer<String, String> producer = transactional(client, id)) {
            producer.initTransactions();
            for (String outcome : List.of("committed", "aborted", "committed")) {
                producer.beginTransaction();
                for (int i = 0; i < 10; i++)
                    producer.send(new ProducerRecord<>(topic, "key", outcome));
                // What was not sent yet, an abort drops.
                producer.flush();
                if (outcome.equals("committed"))
                    producer.commitTransaction();
                else
                    producer.abortTransaction();
            }
        }
        assertEquals(30, TopicContents.all(cluster, topic).size());
        assertEquals(IntStream.range(0, 20).mapToObj(i -> "key=committed").toList(),
                TopicContents.committed(cluster, topic));
        // The second protocol takes a new epoch for each transaction.
        assertEquals(0, cluster.admin().describeTransactions(List.of(id)).description(id).get(30, TimeUnit.SECONDS)
                .producerEpoch());
    }

    @OverBothClients
    void shouldMoveOffsetsWithTheTransaction(Client client) throws Exception {
        String input = newTopic();
        String output = newTopic();
        String group = newName();
        try (Producer<String, String> producer = Client.KAFKA.producer(TestConfig.strings(cluster))) {
            for (String record : records(10))
                producer.send(record(input, record));
        }
        try (KafkaConsumer<String, String> consumer = consumer(group);
             Producer<String, String> producer = transactional(client, newName())) {
            consumer.subscribe(List.of(input));
            List<String> consumed = new ArrayList<>();
            while (consumed.size() < 10)
                consumer.poll(Duration.ofMillis(200)).forEach(record -> consumed.add(record.key() + "=" + record.value()));
            producer.initTransactions();
            copy(producer, consumed.subList(0, 4), input, output, 4, consumer.groupMetadata());
            producer.commitTransaction();
            assertEquals(4, committedOffset(group, input));
            copy(producer, consumed.subList(4, 8), input, output, 8, consumer.groupMetadata());
            producer.abortTransaction();
            assertEquals(4, committedOffset(group, input));
            copy(producer, consumed.subList(4, 10), input, output, 10, consumer.groupMetadata());
            producer.commitTransaction();
            assertEquals(10, committedOffset(group, input));
        }
        assertEquals(records(10), TopicContents.committed(cluster, output));
    }

    private static void copy(Producer<String, String> producer, List<String> records, String input, String output, long offset,
                             ConsumerGroupMetadata group) {
        producer.beginTransaction();
        for (String record : records)
            producer.send(record(output, record));
        producer.sendOffsetsToTransaction(Map.of(new TopicPartition(input, 0), new OffsetAndMetadata(offset)), group);
    }

    @OverBothClients
    void shouldFenceTheOlderOfTwo(Client client) {
        String topic = newTopic();
        String id = newName();
        try (Producer<String, String> older = transactional(client, id);
             Producer<String, String> newer = transactional(client, id)) {
            older.initTransactions();
            older.beginTransaction();
            older.send(new ProducerRecord<>(topic, "key", "older"));
            older.flush();
            newer.initTransactions();
            assertThrows(ProducerFencedException.class, older::commitTransaction);
            newer.beginTransaction();
            newer.send(new ProducerRecord<>(topic, "key", "newer"));
            newer.commitTransaction();
        }
        assertEquals(List.of("key=newer"), TopicContents.committed(cluster, topic));
    }

    // ---------------------------------------------------------------- clients

    private static Producer<String, String> transactional(Client client, String id) {
        return client.producer(TestConfig.strings(cluster, "transactional.id", id));
    }

    private static KafkaConsumer<String, String> consumer(String group) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", cluster.bootstrapServers(), "group.id", group,
                "auto.offset.reset", "earliest", "enable.auto.commit", false,
                "isolation.level", "read_committed",
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class));
    }

    /** Waits for offsets that a transaction has not finished writing. */
    private static long committedOffset(String group, String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> reader = consumer(group)) {
            return reader.committed(Set.of(partition)).get(partition).offset();
        }
    }

    private static String newTopic() {
        String topic = newName();
        cluster.createTopic(topic, 1, 3);
        cluster.endOffsets(topic);
        return topic;
    }

    private static String newName() {
        return "name-" + NAMES.incrementAndGet();
    }

    /** As {@code key=value}. */
    private static List<String> records(int count) {
        return IntStream.range(0, count).mapToObj(i -> "key-" + i + "=" + ("value-" + i).repeat(10)).toList();
    }

    private static ProducerRecord<String, String> record(String topic, String keyAndValue) {
        String[] parts = keyAndValue.split("=", 2);
        return new ProducerRecord<>(topic, parts[0], parts[1]);
    }
}
