package dev.millrace;

import static dev.millrace.FailedFuture.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LoopbackPorts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The only broker a producer knows is gone for good, and another cluster stands behind the address it began with: it asks
 * there again (KIP-899, KIP-1102), unless it was told not to.
 */
@ParameterizedClass
@EnumSource
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class RebootstrapIT {

    /** bootstrap.servers; the brokers advertise other ports. */
    private static int frontPort;
    private static KafkaCluster former;
    private static KafkaCluster next;

    @Parameter
    Client client;

    private FaultProxy front;

    @BeforeAll
    static void start() {
        frontPort = LoopbackPorts.lease();
        former = KafkaCluster.builder().brokers(1).start();
        next = KafkaCluster.builder().brokers(1).start();
    }

    @AfterAll
    static void stop() {
        former.close();
        next.close();
        LoopbackPorts.release(frontPort);
    }

    @AfterEach
    void closeFront() {
        front.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldDeliverToWhoStandsBehindTheBootstrapAddressNow(boolean idempotent) throws Exception {
        String topic = newTopic("followed-" + idempotent);
        try (Producer<String, String> producer = producer("metadata.recovery.strategy", "rebootstrap",
                "metadata.recovery.rebootstrap.trigger.ms", 1000, "enable.idempotence", idempotent,
                "delivery.timeout.ms", 30_000)) {
            awaitAll(send(producer, topic, "first"));
            former.kill(1);
            // Before the next records: a producer that has begun again knows no topic, and send() waits until it does.
            moveFrontTo(next);
            awaitAll(send(producer, topic, "moved"));
            awaitAll(send(producer, topic, "last"));
        }
        List<String> expected = new ArrayList<>(values("moved"));
        expected.addAll(values("last"));
        assertEquals(expected, TopicContents.values(next, topic));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldGiveUpInTimeWhenToldNotToAskAgain(boolean idempotent) throws Exception {
        String topic = newTopic("not-followed-" + idempotent);
        try (Producer<String, String> producer = producer("metadata.recovery.strategy", "none",
                "metadata.recovery.rebootstrap.trigger.ms", 1000, "enable.idempotence", idempotent)) {
            awaitAll(send(producer, topic, "first"));
            former.kill(1);
            moveFrontTo(next);
            long startNs = System.nanoTime();
            for (Future<RecordMetadata> future : send(producer, topic, "lost")) {
                TimeoutException error = assertFails(TimeoutException.class, future);
                assertTrue(error.getMessage().matches("Expiring \\d+ record\\(s\\) for " + topic + "-0:.*"), error.getMessage());
            }
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
            assertTrue(tookMs < 20_000, () -> "with a delivery.timeout.ms of 6000 it took " + tookMs);
            // No broker is left that closing could wait for.
            producer.close(Duration.ZERO);
        }
        assertEquals(List.of(), TopicContents.values(next, topic));
    }

    /** On both clusters, and the former runs and stands behind the address. */
    private String newTopic(String name) {
        String topic = name + "-" + client;
        former.start(1);
        for (KafkaCluster cluster : List.of(former, next)) {
            cluster.createTopic(topic, 1, 1);
            cluster.endOffsets(topic);
        }
        front = FaultProxy.start(frontPort, former.port(1));
        return topic;
    }

    private void moveFrontTo(KafkaCluster cluster) {
        front.close();
        front = FaultProxy.start(frontPort, cluster.port(1));
    }

    private Producer<String, String> producer(Object... settings) {
        List<Object> all = new ArrayList<>(List.of("bootstrap.servers", "127.0.0.1:" + frontPort, "request.timeout.ms", 2000,
                "delivery.timeout.ms", 6000, "max.block.ms", 10_000, "reconnect.backoff.max.ms", 200));
        all.addAll(List.of(settings));
        return client.producer(TestConfig.strings(former, all.toArray()));
    }

    private static List<Future<RecordMetadata>> send(Producer<String, String> producer, String topic, String prefix) {
        return values(prefix).stream().map(value -> producer.send(new ProducerRecord<>(topic, value))).toList();
    }

    private static List<String> values(String prefix) {
        return IntStream.range(0, 10).mapToObj(i -> prefix + "-" + i).toList();
    }

    private static void awaitAll(List<Future<RecordMetadata>> futures) throws Exception {
        for (Future<RecordMetadata> future : futures)
            future.get(30, TimeUnit.SECONDS);
    }
}
