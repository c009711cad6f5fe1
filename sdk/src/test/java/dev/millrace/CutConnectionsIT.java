package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryReport;
import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.FaultProxy.Direction;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LoopbackPorts;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that are cut, stalled and swallowed while threads send: nothing is lost, nothing twice, all in order. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class CutConnectionsIT {

    private static int port;
    private static KafkaCluster cluster;
    private static FaultProxy proxy;

    private interface Trouble {
        void make(LedgerLoad load) throws Exception;
    }

    @BeforeAll
    static void start() {
        port = LoopbackPorts.lease();
        cluster = KafkaCluster.builder().brokers(1).advertisedPort(1, port).start();
        proxy = FaultProxy.start(port, cluster.port(1));
    }

    @AfterAll
    static void stop() {
        proxy.close();
        cluster.close();
        LoopbackPorts.release(port);
    }

    @AfterEach
    void heal() {
        proxy.heal();
        proxy.delay(Duration.ZERO, Duration.ZERO);
    }

    @Test
    void shouldDeliverWhenConnectionsAreCut() throws Exception {
        sendThrough("cut", load -> {
            for (int i = 0; i < 20; i++) {
                proxy.cutAll();
                load.awaitMore(2_000);
            }
        });
    }

    @Test
    void shouldDeliverWhenConnectionsAreCutFarFromTheBroker() throws Exception {
        sendThrough("cut-far", load -> {
            // Many requests and answers are under way when they are cut.
            proxy.delay(Duration.ofMillis(10), Duration.ofMillis(10));
            for (int i = 0; i < 10; i++) {
                proxy.cutAll();
                load.awaitMore(3_000);
            }
        });
    }

    @Test
    void shouldDeliverWhenAnswersAreLost() throws Exception {
        sendThrough("unanswered", load -> {
            for (int i = 0; i < 3; i++) {
                proxy.blackHole(Direction.TO_CLIENT);
                load.awaitMore(1_000);
                // Until the client gives the connection up: what it sends again is in the log already.
                Thread.sleep(1200);
                proxy.heal();
                load.awaitMore(5_000);
            }
        });
    }

    @Test
    void shouldDeliverWhenNobodyListensForAWhile() throws Exception {
        sendThrough("refused", load -> {
            for (int i = 0; i < 3; i++) {
                proxy.refuse(true);
                proxy.cutAll();
                Thread.sleep(500);
                proxy.refuse(false);
                load.awaitMore(5_000);
            }
        });
    }

    /** Without idempotence records may be there twice and out of order, and with acks=0 they may be lost; no more than that. */
    @ParameterizedTest
    @ValueSource(strings = {"0", "1"})
    void shouldTellOfEveryRecordWithoutIdempotence(String acks) throws Exception {
        String topic = "acks-" + acks;
        LedgerLoad load = send(topic, cut -> {
            for (int i = 0; i < 10; i++) {
                proxy.cutAll();
                cut.awaitMore(3_000);
            }
        }, "acks", acks);
        Set<DeliveryFault> allowed = EnumSet.of(DeliveryFault.DUPLICATED, DeliveryFault.OUT_OF_ORDER_IN_KEY,
                DeliveryFault.OUT_OF_ORDER_IN_PARTITION);
        if (acks.equals("0"))
            allowed.add(DeliveryFault.LOST);
        DeliveryReport report = load.verify(cluster.bootstrapServers()).assertClean(allowed.toArray(DeliveryFault[]::new));
        assertEquals(load.sent(), report.acknowledged() + report.failed());
        if (acks.equals("1"))
            assertEquals(0, report.failed(), report::toString);
    }

    private static void sendThrough(String topic, Trouble trouble) throws Exception {
        send(topic, trouble).assertDelivered(cluster.bootstrapServers());
    }

    private static LedgerLoad send(String topic, Trouble trouble, Object... overrides) throws Exception {
        cluster.createTopic(topic, 4, 1);
        Map<String, Object> config = TestConfig.bytes(cluster, overrides);
        config.putAll(Map.of("linger.ms", 1, "request.timeout.ms", 1000, "buffer.memory", 4 << 20,
                "reconnect.backoff.max.ms", 100));
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(config)) {
            LedgerLoad load = new LedgerLoad(producer, topic, 100).startPaced(4);
            try {
                load.awaitMore(5_000);
                trouble.make(load);
            } finally {
                load.stop();
            }
            producer.flush();
            return load;
        }
    }
}
