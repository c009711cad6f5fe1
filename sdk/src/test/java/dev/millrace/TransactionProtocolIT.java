package dev.millrace;

import static dev.millrace.FailedFuture.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.DeliveryLedger;
import dev.millrace.testkit.KafkaCluster;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Transactions with the protocol before KIP-890 (TV1), after it (TV2), and across an upgrade, side by side. A downgrade under a live
 * transactional producer ends it with a fatal {@code InvalidTxnStateException} of the broker, whatever the client.
 * Which one was spoken is seen by the epochs that the brokers remember: TV2 has another for each transaction.
 */
@ExtendWith(NothingLeftBehind.class)
@Timeout(180)
class TransactionProtocolIT {

    private static KafkaCluster cluster;

    @BeforeAll
    static void start() {
        cluster = KafkaCluster.builder().brokers(1).start();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** Clients hear of it with their next connection. */
    private static void transactionVersion(int version) throws Exception {
        cluster.admin().updateFeatures(Map.of("transaction.version",
                new FeatureUpdate((short) version, version == 2 ? UpgradeType.UPGRADE : UpgradeType.SAFE_DOWNGRADE)),
                new UpdateFeaturesOptions()).all().get();
    }

    private static String newTopic() {
        return newTopic(Map.of());
    }

    private static String newTopic(Map<String, String> configs) {
        String topic = "t-" + UUID.randomUUID();
        cluster.createTopic(topic, 1, 1, configs);
        cluster.endOffsets(topic);
        return topic;
    }

    private static Producer<byte[], byte[]> started(Client client, String id, Object... overrides) {
        Map<String, Object> config = TestConfig.bytes(cluster, overrides);
        config.put("transactional.id", id);
        Producer<byte[], byte[]> producer = client.producer(config);
        producer.initTransactions();
        return producer;
    }

    private static void send(Producer<byte[], byte[]> producer, DeliveryLedger ledger, String topic) {
        long id = ledger.sending(0, 0, null);
        producer.send(new ProducerRecord<>(topic, 0, null, ledger.value(id, 100)), ledger.callback(id));
    }

    /** Begins a transaction, and sends so many records in it. */
    private static void begin(Producer<byte[], byte[]> producer, DeliveryLedger ledger, String topic, int records) {
        producer.beginTransaction();
        for (int i = 0; i < records; i++)
            send(producer, ledger, topic);
    }

    private static int epochAt(String topic) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        return cluster.admin().describeProducers(List.of(partition)).partitionResult(partition).get()
                .activeProducers().stream().mapToInt(ProducerState::producerEpoch).max().orElse(-1);
    }

    private static void assertCommitted(DeliveryLedger ledger, String topic) {
        ledger.verify(Map.of("bootstrap.servers", cluster.bootstrapServers(), "isolation.level", "read_committed"), topic)
                .assertClean();
    }

    @OverBothClients
    void shouldKeepItsEpochWithTheOlderProtocol(Client client) throws Exception {
        transactionVersion(1);
        String topic = newTopic();
        DeliveryLedger ledger = new DeliveryLedger();
        try (Producer<byte[], byte[]> producer = started(client, topic)) {
            for (int i = 0; i < 5; i++) {
                begin(producer, ledger, topic, 100);
                producer.commitTransaction();
                assertEquals(0, epochAt(topic));
            }
        }
        assertCommitted(ledger, topic);
    }

    @OverBothClients
    void shouldHaveAnEpochForEachTransactionWithTheNewerProtocol(Client client) throws Exception {
        transactionVersion(2);
        String topic = newTopic();
        DeliveryLedger ledger = new DeliveryLedger();
        try (Producer<byte[], byte[]> producer = started(client, topic)) {
            for (int i = 0; i < 5; i++) {
                begin(producer, ledger, topic, 100);
                producer.flush();
                assertEquals(i, epochAt(topic));
                producer.commitTransaction();
            }
        }
        assertCommitted(ledger, topic);
    }

    @OverBothClients
    void shouldTakeUpTheNewerProtocolBetweenTransactions(Client client) throws Exception {
        transactionVersion(1);
        String topic = newTopic();
        DeliveryLedger ledger = new DeliveryLedger();
        try (Producer<byte[], byte[]> producer = started(client, topic)) {
            begin(producer, ledger, topic, 1);
            producer.commitTransaction();
            begin(producer, ledger, topic, 1);
            producer.flush();
            transactionVersion(2);
            cluster.stop(1);
            cluster.start(1);
            // Connected anew, it knows; this transaction goes on as it began.
            send(producer, ledger, topic);
            producer.flush();
            assertEquals(0, epochAt(topic));
            producer.commitTransaction();
            for (int i = 0; i < 3; i++) {
                begin(producer, ledger, topic, 1);
                producer.flush();
                assertTrue(epochAt(topic) >= i + 1, () -> "an epoch for each transaction: " + topic);
                producer.commitTransaction();
            }
        }
        assertCommitted(ledger, topic);
    }

    /** With the older protocol a lost sequence is mended by an epoch that the producer asks for when it has aborted (KIP-360). */
    @OverBothClients
    void shouldGoOnWithANewEpochAfterARefusedBatch(Client client) throws Exception {
        transactionVersion(1);
        String topic = newTopic(Map.of("max.message.bytes", "1000"));
        DeliveryLedger ledger = new DeliveryLedger();
        try (Producer<byte[], byte[]> producer = started(client, topic)) {
            producer.beginTransaction();
            Future<RecordMetadata> refused = producer.send(new ProducerRecord<>(topic, new byte[2000]));
            assertFails(RecordTooLargeException.class, refused);
            assertThrows(KafkaException.class, producer::commitTransaction);
            producer.abortTransaction();
            for (int i = 0; i < 3; i++) {
                begin(producer, ledger, topic, 1);
                producer.commitTransaction();
            }
            int epoch = epochAt(topic);
            // KafkaProducer ends the record's future a moment before its transaction: it keeps its epoch when the commit begins in
            // between.
            assertTrue(epoch == 1 || epoch == 0 && client == Client.KAFKA, () -> "epoch " + epoch);
        }
        assertCommitted(ledger, topic);
    }

    @OverBothClients
    void shouldFenceWithTheOlderProtocol(Client client) throws Exception {
        transactionVersion(1);
        String topic = newTopic();
        DeliveryLedger ledger = new DeliveryLedger();
        Producer<byte[], byte[]> zombie = started(client, topic);
        zombie.beginTransaction();
        zombie.send(new ProducerRecord<>(topic, new byte[100])).get();
        try (Producer<byte[], byte[]> successor = started(client, topic)) {
            begin(successor, ledger, topic, 1);
            successor.commitTransaction();
            assertThrows(ProducerFencedException.class, zombie::commitTransaction);
            zombie.close();
        }
        assertCommitted(ledger, topic);
    }
}
