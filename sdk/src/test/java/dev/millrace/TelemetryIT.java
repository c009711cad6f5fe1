package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.PushedMetrics.Push;
import dev.millrace.testkit.KafkaCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A broker that wants the metrics of its clients (KIP-714) hears from ours what it hears from {@code KafkaProducer}. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class TelemetryIT {

    private static final String TOPIC = "orders";

    @TempDir
    private static Path folder;
    private static Path file;
    private static KafkaCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        file = folder.resolve("pushed");
        cluster = KafkaCluster.builder().brokerProperty("metric.reporters", PushedMetrics.class.getName())
                .brokerProperty(PushedMetrics.FILE, file.toString()).start();
        cluster.createTopic(TOPIC, 1, 1);
        cluster.endOffsets(TOPIC);
        // Everything there is, ten times a second; no push may come more often.
        Map<String, String> subscription = Map.of("metrics", "*", "interval.ms", "100");
        cluster.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "all"),
                subscription.entrySet().stream().map(entry -> new AlterConfigOp(
                        new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET)).toList())).all().get();
    }

    @AfterAll
    static void stop() {
        if (cluster != null)
            cluster.close();
    }

    @Test
    void shouldPushTheMetricsThatKafkaProducerPushes() throws Exception {
        Set<String> kafkas = namesPushed(Client.KAFKA, "same-kafka");
        Set<String> ours = namesPushed(Client.MILLRACE, "same-millrace");
        assertTrue(kafkas.contains("org.apache.kafka.producer.record.send.total"), kafkas::toString);
        assertEquals(String.join("\n", kafkas), String.join("\n", ours));
    }

    /** All that a producer pushes until it tells of its first record. */
    private static Set<String> namesPushed(Client client, String clientId) throws Exception {
        try (Producer<String, String> producer = producer(client, clientId)) {
            producer.send(new ProducerRecord<>(TOPIC, "v")).get();
            await(clientId, push -> push.names().contains("org.apache.kafka.producer.topic.record.send.total"));
        }
        return pushes(clientId).stream().flatMap(push -> push.names().stream()).collect(Collectors.toCollection(TreeSet::new));
    }

    @OverBothClients
    void shouldBearTheInstanceIdTheBrokerGaveIt(Client client) throws Exception {
        String clientId = "instance-" + client;
        Uuid id;
        try (Producer<String, String> producer = producer(client, clientId)) {
            id = producer.clientInstanceId(Duration.ofSeconds(30));
            assertNotEquals(Uuid.ZERO_UUID, id);
            assertEquals(id, producer.clientInstanceId(Duration.ZERO));
            await(clientId, push -> true);
        }
        assertEquals(Set.of(id.toString()), pushes(clientId).stream().map(Push::instanceId).collect(Collectors.toSet()));
    }

    @OverBothClients
    void shouldPushAnApplicationsMetricWhileItIsRegistered(Client client) throws Exception {
        String clientId = "application-" + client;
        String pushedName = "org.apache.kafka.application.orders.open";
        KafkaMetric metric = new KafkaMetric(new Object(), new MetricName("orders-open", "application-metrics", "", Map.of()),
                (Gauge<Double>) (config, nowMs) -> 1.0, new MetricConfig(), Time.SYSTEM);
        try (Producer<String, String> producer = producer(client, clientId)) {
            await(clientId, push -> !push.names().contains(pushedName));
            producer.registerMetricForSubscription(metric);
            await(clientId, push -> push.names().contains(pushedName));
            producer.unregisterMetricFromSubscription(metric);
            int before = pushes(clientId).size();
            // One push may have been made of what was there before.
            await(clientId, push -> pushes(clientId).size() > before + 1 && !push.names().contains(pushedName));
            assertFalse(producer.metrics().containsKey(metric.metricName()));
        }
    }

    @OverBothClients
    void shouldPushNothingWhenToldNotTo(Client client) throws Exception {
        String silent = "silent-" + client;
        String loud = "loud-" + client;
        try (Producer<String, String> producer = client.producer(TestConfig.strings(cluster, "client.id", silent,
                "enable.metrics.push", false)); Producer<String, String> other = producer(client, loud)) {
            producer.send(new ProducerRecord<>(TOPIC, "v")).get();
            other.send(new ProducerRecord<>(TOPIC, "v")).get();
            await(loud, push -> true);
        }
        assertEquals(List.of(), pushes(silent));
    }

    private static Producer<String, String> producer(Client client, String clientId) {
        return client.producer(TestConfig.strings(cluster, "client.id", clientId, "enable.metrics.push", true));
    }

    private static List<Push> pushes(String clientId) {
        try {
            return PushedMetrics.read(file).stream().filter(push -> push.clientId().equals(clientId)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Blocks until the last push of a client is as wanted; the test's time limit is the limit. */
    private static void await(String clientId, Predicate<Push> wanted) throws InterruptedException {
        while (true) {
            List<Push> pushes = pushes(clientId);
            if (!pushes.isEmpty() && wanted.test(pushes.get(pushes.size() - 1)))
                return;
            Thread.sleep(20);
        }
    }
}
