package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.ClusterResource;
import org.apache.kafka.common.ClusterResourceListener;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsContext;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.metrics.Monitorable;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a producer gives its plugins to work with, and what it lets them do to records; at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class PluginEnvironmentIT {

    /** What plugins saw, in order; they are made by the producer, so the test can reach them by this only. */
    private static final List<String> SEEN = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void forget() {
        SEEN.clear();
    }

    // ---------------------------------------------------------------- the cluster's id

    private static void told(Object plugin, ClusterResource cluster) {
        SEEN.add(plugin.getClass().getSimpleName() + " " + cluster.clusterId());
    }

    /** Listens to the cluster's id. */
    public static class ListeningSerializer extends StringSerializer implements ClusterResourceListener {
        @Override
        public void onUpdate(ClusterResource cluster) {
            told(this, cluster);
        }
    }

    /** Listens to the cluster's id. */
    public static class ListeningInterceptor extends Passing implements ClusterResourceListener {
        @Override
        public void onUpdate(ClusterResource cluster) {
            told(this, cluster);
        }
    }

    /** Listens to the cluster's id, and says when it is told of what. */
    public static class ListeningReporter implements MetricsReporter, ClusterResourceListener {
        @Override
        public void onUpdate(ClusterResource cluster) {
            told(this, cluster);
        }

        @Override
        public void contextChange(MetricsContext context) {
            SEEN.add("context " + new TreeMap<>(context.contextLabels()));
        }

        @Override
        public void configure(Map<String, ?> configs) {
            SEEN.add("reporter of " + configs.get("client.id"));
        }

        @Override
        public void init(List<KafkaMetric> metrics) {
            SEEN.add("init");
        }

        @Override
        public void metricChange(KafkaMetric metric) {
        }

        @Override
        public void metricRemoval(KafkaMetric metric) {
        }

        @Override
        public void close() {
            SEEN.add("reporter closed");
        }
    }

    @OverBothClients
    void shouldTellPluginsOfTheClusterBeforeTheFirstRecordIsSerialized(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        String clusterId = OneBroker.cluster().admin().describeCluster().clusterId().get();
        try (Producer<String, String> producer = client.producer("client.id", "me", "interceptor.classes",
                ListeningInterceptor.class.getName(), "metric.reporters", ListeningReporter.class.getName(),
                "metrics.context.by", "tests", "key.serializer", ListeningSerializer.class,
                "value.serializer", ListeningSerializer.class)) {
            producer.send(new ProducerRecord<>(topic, "k", "v")).get();
        }
        assertEquals(List.of("reporter of me", "context {_namespace=kafka.producer, by=tests}", "init",
                "ListeningInterceptor " + clusterId, "ListeningReporter " + clusterId, "ListeningSerializer " + clusterId,
                "ListeningSerializer " + clusterId, "reporter closed"), SEEN);
    }

    // ---------------------------------------------------------------- metrics of their own

    private static void watch(PluginMetrics metrics, String name) {
        metrics.addMetric(metrics.metricName(name, "", new LinkedHashMap<>()), (Gauge<String>) (config, nowMs) -> name);
    }

    /** Has a metric. */
    public static class WatchedSerializer extends StringSerializer implements Monitorable {
        @Override
        public void withPluginMetrics(PluginMetrics metrics) {
            watch(metrics, "serializer");
        }
    }

    /** Has a metric. */
    public static class WatchedInterceptor extends Passing implements Monitorable {
        @Override
        public void withPluginMetrics(PluginMetrics metrics) {
            watch(metrics, "interceptor");
        }
    }

    /** Has a metric. */
    public static class WatchedPartitioner implements Partitioner, Monitorable {
        @Override
        public void withPluginMetrics(PluginMetrics metrics) {
            watch(metrics, "partitioner");
        }

        @Override
        public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
            return 0;
        }

        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public void close() {
        }
    }

    @OverBothClients
    void shouldGivePluginsMetricsOfTheirOwnUntilItCloses(Client client) {
        Map<String, Object> config = OneBroker.config("client.id", "me", "partitioner.class", WatchedPartitioner.class,
                "interceptor.classes", WatchedInterceptor.class.getName(), "key.serializer", WatchedSerializer.class);
        Serializer<String> given = new WatchedSerializer();
        Producer<String, String> producer = client == Client.KAFKA ? new KafkaProducer<>(config, null, given)
                : new MillraceProducer<>(config, null, given);
        try {
            String tags = "{client-id=me, config=%s, class=%s}";
            assertEquals(new TreeSet<>(List.of(
                    "interceptor " + tags.formatted("interceptor.classes", "WatchedInterceptor"),
                    "partitioner " + tags.formatted("partitioner.class", "WatchedPartitioner"),
                    "serializer " + tags.formatted("key.serializer", "WatchedSerializer"),
                    "serializer " + tags.formatted("value.serializer", "WatchedSerializer"))), pluginMetrics(producer));
        } finally {
            producer.close();
        }
        assertEquals(new TreeSet<>(), pluginMetrics(producer));
    }

    private static TreeSet<String> pluginMetrics(Producer<?, ?> producer) {
        TreeSet<String> names = new TreeSet<>();
        for (MetricName name : producer.metrics().keySet())
            if (name.group().equals("plugins"))
                names.add(name.name() + " " + name.tags());
        return names;
    }

    // ---------------------------------------------------------------- what interceptors may do to records

    /** Leaves records as they are. */
    public static class Passing implements ProducerInterceptor<String, String> {
        @Override
        public ProducerRecord<String, String> onSend(ProducerRecord<String, String> record) {
            return record;
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception) {
        }

        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public void close() {
        }
    }

    /** Sends records elsewhere, or nowhere: to the topic a value names. */
    public static class Redirecting extends Passing {
        @Override
        public ProducerRecord<String, String> onSend(ProducerRecord<String, String> record) {
            return record.value() == null ? null : new ProducerRecord<>(record.value(), record.key(), "redirected");
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
            SEEN.add(metadata + " " + (exception == null ? null : exception.getClass().getSimpleName()) + " " + headers);
        }
    }

    @OverBothClients
    void shouldSendWhatInterceptorsMakeOfARecord(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        String other = OneBroker.newTopic(1);
        try (Producer<String, String> producer = client.producer("interceptor.classes", Redirecting.class.getName())) {
            assertEquals(other, producer.send(new ProducerRecord<>(topic, "k", other)).get().topic());
            // An interceptor's mistake is the interceptors' own: the caller sees what comes of it, and it may send more.
            assertThrows(NullPointerException.class, () -> producer.send(new ProducerRecord<>(topic, "k", null)));
            assertEquals(1, producer.send(new ProducerRecord<>(topic, "k", other)).get().offset());
        }
        String none = "RecordHeaders(headers = [], isReadOnly = true)";
        assertEquals(List.of(other + "-0@0 null " + none, "null NullPointerException " + none, other + "-0@1 null " + none), SEEN);
        assertEquals(List.of(), OneBroker.readOne(topic));
        assertEquals("redirected", OneBroker.readOne(other).get(0).value());
    }

    /** A record that was refused can be changed and sent again; one that was taken can't. */
    @OverBothClients
    void shouldLeaveHeadersOfARefusedRecordWritable(Client client) throws Exception {
        ProducerRecord<String, String> record = new ProducerRecord<>(OneBroker.unusedTopic(), "k", "v");
        try (Producer<String, String> producer = client.producer("max.block.ms", 100,
                "interceptor.classes", ListeningInterceptor.class.getName())) {
            assertThrows(ExecutionException.class, () -> producer.send(record).get());
            record.headers().add("again", "1".getBytes(StandardCharsets.UTF_8));
            OneBroker.createTopic(record.topic(), 1, Map.of());
            String topic = record.topic();
            while (true) {
                try {
                    producer.partitionsFor(topic);
                    break;
                } catch (TimeoutException e) {
                    // The broker learns of the topic in a moment.
                }
            }
            producer.send(record).get();
            assertThrows(IllegalStateException.class, () -> record.headers().add("late", null));
        }
        assertTrue(OneBroker.readOne(record.topic()).get(0).headers().lastHeader("again") != null);
    }
}
