package dev.millrace;

import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.FaultProxy.Direction;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LoopbackPorts;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

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
                load.awaitMore(5_000);
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
                load.awaitMore(5_000);
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
                load.awaitMore(10_000);
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
                load.awaitMore(10_000);
            }
        });
    }

    private static void sendThrough(String topic, Trouble trouble) throws Exception {
        cluster.createTopic(topic, 4, 1);
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", cluster.bootstrapServers(),
                "key.serializer", ByteArraySerializer.class, "value.serializer", ByteArraySerializer.class,
                "linger.ms", 1, "request.timeout.ms", 1000, "buffer.memory", 4 << 20, "reconnect.backoff.max.ms", 100));
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(config)) {
            LedgerLoad load = new LedgerLoad(producer, topic, 100).startPaced(4);
            try {
                load.awaitMore(5_000);
                trouble.make(load);
            } finally {
                load.stop();
            }
            producer.flush();
            load.assertDelivered(cluster.bootstrapServers());
        }
    }
}
