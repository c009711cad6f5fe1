package dev.millrace.internal.producer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.clients.producer.internals.SenderMetricsRegistry;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.MetricNameTemplate;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;

/** The names are Kafka's, all of them and no other, as Kafka's own producer registers them. */
class MetricNamesTest {
    private static final String CLIENT_ID = "names";

    @Test
    void shouldRegisterWhatKafkaProducerRegisters() throws IOException {
        assertEquals(printable(kafkaProducersNames()), printable(ourNames()));
    }

    @Test
    void shouldRegisterTheTopicMetricsOfKafkaWhenABatchIsSent() {
        try (Metrics metrics = open()) {
            SenderMetrics sender = new SenderMetrics(metrics, () -> 0, () -> 0);
            Set<MetricName> before = Set.copyOf(metrics.metrics().keySet());
            sender.batchSent("orders", 1, 100, 1.0, 100, 0, 0);
            Set<String> ours = new TreeSet<>();
            for (MetricName name : metrics.metrics().keySet()) {
                if (!before.contains(name)) {
                    ours.add(name.group() + " " + name.name() + " " + new TreeSet<>(name.tags().keySet()));
                    assertEquals("orders", name.tags().get("topic"));
                    assertEquals(CLIENT_ID, name.tags().get("client-id"));
                }
            }
            Set<String> kafkas = new TreeSet<>();
            for (MetricNameTemplate template : new SenderMetricsRegistry(metrics).allTemplates()) {
                if (template.tags().contains("topic")) {
                    kafkas.add(template.group() + " " + template.name() + " " + new TreeSet<>(template.tags()));
                }
            }
            assertEquals(kafkas, ours);
        }
    }

    @Test
    void shouldTakeOutTheMetricsOfCallsWhenClosed() {
        try (Metrics metrics = open()) {
            Set<MetricName> before = Set.copyOf(metrics.metrics().keySet());
            CallMetrics calls = new CallMetrics(metrics);
            assertTrue(metrics.metrics().size() > before.size());
            calls.close();
            assertEquals(before, metrics.metrics().keySet());
        }
    }

    @Test
    void shouldDescribeEveryMetric() throws IOException {
        for (MetricName name : ourNames()) {
            if (name.group().equals(ClientMetrics.GROUP) && !name.name().startsWith("connection")) {
                assertTrue(!name.description().isBlank(), name.toString());
            }
        }
    }

    private static Set<MetricName> kafkaProducersNames() {
        KafkaProducer<String, String> producer = new KafkaProducer<>(config().originals());
        try {
            Set<MetricName> names = new HashSet<>(producer.metrics().keySet());
            // They come when its thread first tries to connect, which may be before or after this line.
            names.removeIf(name -> name.group().equals("producer-node-metrics"));
            return names;
        } finally {
            producer.close(Duration.ZERO);
        }
    }

    /** Ours, and what kafka-clients' own network client and app info register beside them. */
    private static Set<MetricName> ourNames() throws IOException {
        ProducerConfig config = config();
        LogContext log = new LogContext();
        try (Metrics metrics = open();
             ProducerMetadata metadata = new ProducerMetadata(1, 1, 1, 1, log, new ClusterResourceListeners(),
                     Time.SYSTEM);
             KafkaClient client = ClientUtils.createNetworkClient(config, metrics, "producer", log, new ApiVersions(),
                     Time.SYSTEM, 5, metadata, SenderMetrics.throttleTimeSensor(metrics), null)) {
            new CallMetrics(metrics);
            new SenderMetrics(metrics, client::inFlightRequestCount, metadata::lastSuccessfulUpdate);
            new BufferPoolMetrics(metrics).bind(() -> 0, () -> 0, () -> 0);
            AppInfoParser.registerAppInfo("metric.names.test", CLIENT_ID, metrics, 0);
            Set<MetricName> names = Set.copyOf(metrics.metrics().keySet());
            AppInfoParser.unregisterAppInfo("metric.names.test", CLIENT_ID, metrics);
            return names;
        }
    }

    private static Metrics open() {
        ProducerConfig config = config();
        return ClientMetrics.open(config, CommonClientConfigs.metricsReporters(CLIENT_ID, config), Time.SYSTEM);
    }

    private static ProducerConfig config() {
        return new ProducerConfig(Map.of("bootstrap.servers", "localhost:1", "client.id", CLIENT_ID,
                "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class,
                "metric.reporters", List.of(), "enable.metrics.push", false));
    }

    /** A failure shows the lines that differ. */
    private static String printable(Set<MetricName> names) {
        Set<String> lines = new TreeSet<>();
        names.forEach(name -> lines.add(name.group() + " " + name.name() + " " + name.tags()));
        return String.join("\n", lines);
    }
}
