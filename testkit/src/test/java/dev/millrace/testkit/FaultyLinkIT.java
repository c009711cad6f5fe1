package dev.millrace.testkit;

import static dev.millrace.testkit.DeliveryFault.ABORTED_SEEN;
import static dev.millrace.testkit.DeliveryFault.DUPLICATED;
import static dev.millrace.testkit.DeliveryFault.LOST;
import static dev.millrace.testkit.DeliveryFault.UNKNOWN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A plain producer, a real broker and a bad link between them: what the ledger says of it. */
@Timeout(120)
class FaultyLinkIT {
    private static int proxyPort;
    private static KafkaCluster cluster;
    private static FaultProxy proxy;

    private final DeliveryLedger ledger = new DeliveryLedger();

    @BeforeAll
    static void start() {
        proxyPort = LoopbackPorts.lease();
        cluster = KafkaCluster.builder().advertisedPort(1, proxyPort).start();
        proxy = FaultProxy.start(proxyPort, cluster.port(1));
    }

    @AfterAll
    static void close() {
        proxy.close();
        cluster.close();
        LoopbackPorts.release(proxyPort);
    }

    private static KafkaProducer<String, byte[]> producer(Map<String, Object> more) {
        Map<String, Object> properties = new HashMap<>(cluster.clientProperties(BrokerListener.PLAINTEXT));
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 700);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 100_000);
        properties.putAll(more);
        return new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
    }

    private void send(KafkaProducer<String, byte[]> producer, String topic, int records) {
        for (int i = 0; i < records; i++) {
            String key = i % 4 == 0 ? null : "key " + i % 50;
            long id = ledger.sending(null, key);
            producer.send(new ProducerRecord<>(topic, key, ledger.value(id, 8 + i % 300)), ledger.callback(id));
        }
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
            assertFalse(Thread.interrupted(), "not in time");
        }
    }

    @Test
    void shouldBeCleanWhenAnIdempotentProducerMeetsEveryFault() {
        cluster.createTopic("faults", 3, 1);
        try (KafkaProducer<String, byte[]> producer = producer(Map.of("linger.ms", 2))) {
            List<Runnable> faults = List.of(
                    proxy::cutAll,
                    () -> proxy.blackHole(FaultProxy.Direction.TO_CLIENT),
                    () -> proxy.blackHole(FaultProxy.Direction.TO_BROKER),
                    () -> proxy.stall(FaultProxy.Direction.TO_CLIENT),
                    () -> proxy.delay(Duration.ofMillis(30), Duration.ofMillis(20)),
                    () -> {
                        proxy.refuse(true);
                        proxy.cutAll();
                    });
            for (Runnable fault : faults) {
                send(producer, "faults", 1_000);
                fault.run();
                send(producer, "faults", 1_000);
                LockSupport.parkNanos(100_000_000); // let the fault be felt; nothing below depends on how much
                proxy.heal();
                producer.flush();
            }
        }
        DeliveryReport report = ledger.verify(cluster.bootstrapServers(), "faults").assertClean();
        assertEquals(12_000, report.acknowledged());
        assertEquals(12_000, report.observed());
    }

    @Test
    void shouldReportCopiesOfAProducerThatIsNotIdempotent() {
        cluster.createTopic("copies", 1, 1);
        try (KafkaProducer<String, byte[]> producer = producer(Map.of("acks", "1", "enable.idempotence", false,
                "max.in.flight.requests.per.connection", 1))) {
            send(producer, "copies", 10);
            producer.flush();
            proxy.blackHole(FaultProxy.Direction.TO_CLIENT);
            send(producer, "copies", 1);
            await(() -> cluster.endOffsets("copies").get(0) >= 11); // written, and the producer does not know
            proxy.heal();
            producer.flush();
        }
        DeliveryReport report = ledger.verify(cluster.bootstrapServers(), "copies").assertClean(DUPLICATED);
        assertTrue(report.count(DUPLICATED) >= 1, report.toString());
        assertThrows(AssertionError.class, report::assertClean);
    }

    @Test
    void shouldReportWhatTheLogHasLostAndWhatIsForeign() throws Exception {
        cluster.createTopic("gaps", 1, 1);
        try (KafkaProducer<String, byte[]> producer = producer(Map.of())) {
            send(producer, "gaps", 100);
            producer.flush();
            ledger.verify(cluster.bootstrapServers(), "gaps").assertClean();
            producer.send(new ProducerRecord<>("gaps", "foreign".getBytes())).get();
        }
        TopicPartition partition = new TopicPartition("gaps", 0);
        cluster.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(30))).all().get();
        DeliveryReport report = ledger.verify(cluster.bootstrapServers(), "gaps");
        assertEquals(Map.of(LOST, 30L, UNKNOWN, 1L), report.counts(), report::toString);
        assertEquals(71, report.observed());
    }

    @Test
    void shouldReadToTheEndWhenTheLogEndsInATransactionMarker() {
        cluster.createTopic("transactions", 2, 1);
        try (KafkaProducer<String, byte[]> producer = producer(Map.of("transactional.id", "t",
                "request.timeout.ms", 30_000))) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "transactions", 50);
            producer.commitTransaction();
        }
        Map<String, Object> properties = new HashMap<>(cluster.clientProperties(BrokerListener.PLAINTEXT));
        properties.put("isolation.level", "read_committed");
        assertEquals(50, ledger.verify(properties, "transactions").assertClean().found());
    }

    @Test
    void shouldTellCommittedRecordsFromAborted() {
        cluster.createTopic("aborted", 1, 1);
        try (KafkaProducer<String, byte[]> producer = producer(Map.of("transactional.id", "a",
                "request.timeout.ms", 30_000))) {
            producer.initTransactions();
            for (int i = 0; i < 4; i++) {
                producer.beginTransaction();
                long id = ledger.sending(null, null);
                producer.send(new ProducerRecord<>("aborted", ledger.value(id, 20)), ledger.callback(id));
                if (i % 2 == 0) {
                    producer.commitTransaction();
                } else {
                    producer.flush(); // or it never leaves the client
                    producer.abortTransaction();
                    ledger.aborted(id);
                }
            }
        }
        Map<String, Object> properties = new HashMap<>(cluster.clientProperties(BrokerListener.PLAINTEXT));
        properties.put("isolation.level", "read_committed");
        DeliveryReport committed = ledger.verify(properties, "aborted").assertClean();
        assertEquals(2, committed.found());
        assertEquals(2, committed.aborted());
        DeliveryReport all = ledger.verify(cluster.bootstrapServers(), "aborted");
        assertEquals(Map.of(ABORTED_SEEN, 2L), all.counts(), all::toString);
    }

    @Test
    void shouldSayThatATopicDoesNotExist() {
        IllegalStateException error = assertThrows(IllegalStateException.class,
                () -> ledger.verify(cluster.bootstrapServers(), "no-such-topic"));
        assertTrue(error.getMessage().contains("no-such-topic"), error.getMessage());
    }
}
