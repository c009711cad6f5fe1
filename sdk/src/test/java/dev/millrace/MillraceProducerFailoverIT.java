package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.DeliveryReport;
import dev.millrace.testkit.KafkaCluster;
import java.util.Set;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Brokers die, stand still and lose their leadership while threads send: nothing is lost, nothing twice, all in order. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class MillraceProducerFailoverIT {

    private static final int PARTITIONS = 6;

    private static KafkaCluster cluster;

    private interface Trouble {
        void make(LedgerLoad load, String topic) throws Exception;
    }

    @BeforeAll
    static void start() {
        // A controller apart, so that a broker's death is a broker's death only.
        cluster = KafkaCluster.builder().brokers(3).dedicatedControllers(1).brokerProperty("min.insync.replicas", "2").start();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldDeliverWhenLeaderIsKilledAndComesBack() throws Exception {
        sendThrough("killed", (load, topic) -> {
            int leader = cluster.leaderOf(topic, 0);
            cluster.kill(leader);
            assertNotEquals(leader, cluster.awaitNewLeader(topic, 0, leader));
            load.awaitMore(10_000);
            cluster.start(leader);
            load.awaitMore(10_000);
        });
    }

    @Test
    void shouldDeliverWhenLeaderStandsStillAndGoesOn() throws Exception {
        sendThrough("paused", (load, topic) -> {
            int leader = cluster.leaderOf(topic, 0);
            cluster.pause(leader);
            try {
                // Its session of 3 s ends, and with it its leadership, while it holds requests it may still serve.
                cluster.awaitNewLeader(topic, 0, leader);
                load.awaitMore(10_000);
            } finally {
                cluster.resume(leader);
            }
            load.awaitMore(20_000);
        });
    }

    @Test
    void shouldDeliverWhenLeaderStandsStillForAMoment() throws Exception {
        sendThrough("hesitant", (load, topic) -> {
            int leader = cluster.leaderOf(topic, 0);
            for (int i = 0; i < 3; i++) {
                cluster.pause(leader);
                try {
                    // Longer than request.timeout.ms, shorter than its session: requests are sent again to where they lie.
                    Thread.sleep(1500);
                } finally {
                    cluster.resume(leader);
                }
                load.awaitMore(10_000);
            }
        });
    }

    /** Then records fail, sequences are missing, and the epoch is raised; what is acknowledged is in the log in order. */
    @Test
    void shouldKeepItsPromisesWhenRecordsExpire() throws Exception {
        String topic = "expired";
        cluster.createTopic(topic, PARTITIONS, 3);
        try (Producer<byte[], byte[]> producer = producer("delivery.timeout.ms", 1200, "request.timeout.ms", 600, "linger.ms", 10)) {
            LedgerLoad load = new LedgerLoad(producer, topic, 100).startPaced(4);
            try {
                load.awaitMore(10_000);
                for (int i = 0; i < 2; i++) {
                    int leader = cluster.leaderOf(topic, i);
                    cluster.pause(leader);
                    try {
                        Thread.sleep(2200);
                    } finally {
                        cluster.resume(leader);
                    }
                    load.awaitMore(20_000);
                }
            } finally {
                load.stop();
            }
            producer.flush();
            DeliveryReport report = load.verify(cluster.bootstrapServers()).assertClean();
            System.out.println(topic + ": " + report);
            assertTrue(report.failed() > 0, "no record expired");
            assertTrue(report.acknowledged() > 0, "every record expired");
            assertEquals(Set.of("TimeoutException"), report.failures().keySet());
            assertEquals(load.sent(), report.acknowledged() + report.failed());
            // It has recovered.
            producer.send(new ProducerRecord<>(topic, 0, null, new byte[10])).get();
        }
    }

    @Test
    void shouldDeliverWhenLeadersMove() throws Exception {
        sendThrough("moved", (load, topic) -> {
            for (int i = 0; i < 2; i++)
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    int next = cluster.leaderOf(topic, partition) % 3 + 1;
                    cluster.moveLeader(topic, partition, next);
                    load.awaitMore(2_000);
                }
        });
    }

    @Test
    void shouldDeliverWhenBrokersRestartOneAfterTheOther() throws Exception {
        sendThrough("rolled", (load, topic) -> {
            for (int broker : cluster.brokerIds()) {
                cluster.stop(broker);
                load.awaitMore(2_000);
                cluster.start(broker);
                load.awaitMore(2_000);
            }
        });
    }

    private static Producer<byte[], byte[]> producer(Object... overrides) {
        return new MillraceProducer<>(TestConfig.bytes(cluster, overrides));
    }

    private static void sendThrough(String name, Trouble trouble) throws Exception {
        cluster.createTopic(name, PARTITIONS, 3);
        long startNs = System.nanoTime();
        try (Producer<byte[], byte[]> producer = producer("compression.type", "lz4", "linger.ms", 2, "request.timeout.ms", 1000,
                "buffer.memory", 8 << 20)) {
            LedgerLoad load = new LedgerLoad(producer, name, 100).startPaced(4);
            try {
                load.awaitMore(20_000);
                trouble.make(load, name);
            } finally {
                load.stop();
            }
            producer.flush();
            System.out.printf("%s: %,d records in %.1f s, %s%n", name, load.sent(), (System.nanoTime() - startNs) / 1e9,
                    load.assertDelivered(cluster.bootstrapServers()));
            assertTrue(load.sent() > 40_000);
        }
    }
}
