package dev.millrace.internal.consumer.watch;

import static dev.millrace.internal.consumer.watch.InlineFloor.ORDERS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.work.AssignedPartition;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConsumerMetricsTest {

    private static final TopicPartition OTHERS = new TopicPartition("or.ders", 1);
    private static final String CLIENT_ID = "watched";

    private final InlineFloor floor = new InlineFloor(record -> { });
    private final Watch watch = new Watch(10_000, 60_000, floor.time);
    private boolean healthy = true;
    private int concurrency = 16;
    private ConsumerMetrics metrics = open();

    private ConsumerMetrics open() {
        ConsumerConfig config = new ConsumerConfig(Map.of("bootstrap.servers", "localhost:1", "client.id", CLIENT_ID,
                "key.deserializer", ByteBufferDeserializer.class, "value.deserializer", ByteBufferDeserializer.class,
                "metric.reporters", List.of("org.apache.kafka.common.metrics.JmxReporter", Reporter.class.getName()),
                "metrics.context.house", "mill"));
        return new ConsumerMetrics(config, watch, new ConsumerMetrics.Others(() -> healthy, () -> concurrency), floor.time);
    }

    @AfterEach
    void close() {
        metrics.close();
        Reporter.LAST.remove();
    }

    /** A user's. */
    public static final class Reporter implements MetricsReporter {

        static final ThreadLocal<Reporter> LAST = new ThreadLocal<>();

        final Set<String> seen = new TreeSet<>();
        final List<String> context = new ArrayList<>();

        @Override
        public void contextChange(org.apache.kafka.common.metrics.MetricsContext context) {
            this.context.add(context.contextLabels().get("house"));
        }

        @Override
        public void init(List<KafkaMetric> metrics) {
            LAST.set(this);
            metrics.forEach(this::metricChange);
        }

        @Override
        public void metricChange(KafkaMetric metric) {
            seen.add(metric.metricName().name());
        }

        @Override
        public void metricRemoval(KafkaMetric metric) {
            seen.remove(metric.metricName().name());
        }

        @Override
        public void close() {
            seen.clear();
        }

        @Override
        public void configure(Map<String, ?> configs) {
        }
    }

    private Object value(String name) {
        return value(name, ConsumerMetrics.GROUP, Map.of());
    }

    private Object value(String name, TopicPartition partition) {
        return value(name, ConsumerMetrics.PARTITION_GROUP,
                Map.of("topic", partition.topic(), "partition", Integer.toString(partition.partition())));
    }

    private Object value(String name, String group, Map<String, String> tags) {
        return metrics.all().entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name) && entry.getKey().group().equals(group)
                        && entry.getKey().tags().entrySet().containsAll(tags.entrySet())
                        && entry.getKey().tags().get("client-id").equals(CLIENT_ID))
                .map(entry -> entry.getValue().metricValue()).collect(Collectors.collectingAndThen(Collectors.toList(), found -> {
                    assertEquals(1, found.size(), name);
                    return found.get(0);
                }));
    }

    private void look() {
        floor.time.sleep(1_000);
        watch.look(floor, floor.time.milliseconds());
    }

    @Test
    void shouldTellWhatTheWatchSaw() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.lags.put(ORDERS, 7L);
        floor.committed.put(ORDERS, 0L);
        floor.totals = new Watch.Totals(1, 2, 3, 4, 5);
        for (int i = 0; i < 4; i++)
            floor.admit(partition, i, "key-" + i);
        floor.work().forEach(record -> {
            watch.completed(record);
            partition.done(record);
        });
        partition.full(true);
        floor.paused.add(ORDERS);
        look();
        assertEquals(3L, value("records-in-flight"));
        assertEquals(3L, value("records-queued"));
        assertEquals(0L, value("records-running"));
        assertEquals(0L, value("records-parked"));
        assertEquals(1L, value("records-handled-total"));
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), List.of(value("records-retried-total"), value("records-dead-lettered-total"),
                value("records-skipped-total"), value("commits-failed-total"), value("commit-metadata-ignored-total")));
        assertEquals(10.0, value("done-lag"));
        assertEquals(11.0, value("committed-lag"));
        assertEquals(1_000L, value("oldest-record-age"));
        assertEquals(1L, value("partitions-assigned"));
        assertEquals(1L, value("partitions-full"));
        assertEquals(1L, value("partitions-paused"));
        assertEquals(0L, value("partitions-stuck"));
        assertEquals(0.0, value("handler-latency-p99"));
        assertEquals(10.0, value("done-lag", ORDERS));
        assertEquals(11.0, value("committed-lag", ORDERS));
        assertEquals(3, value("records-in-flight", ORDERS));
        assertEquals(1_000L, value("oldest-record-age", ORDERS));
        floor.time.sleep(11_000);
        look();
        assertEquals(1L, value("partitions-stuck"));
        assertEquals(1, value("stuck", ORDERS));
        assertEquals(List.of(1, 16), List.of(value("healthy"), value("concurrency")));
        healthy = false;
        concurrency = 4;
        assertEquals(List.of(0, 4), List.of(value("healthy"), value("concurrency")));
    }

    @Test
    void shouldNotKnowBeforeTheFirstLook() {
        assertEquals(0L, value("records-in-flight"));
        assertEquals(Double.NaN, value("poll-idle-ratio"));
        assertEquals(Double.NaN, value("handler-latency-max"));
    }

    @Test
    void shouldHaveMetricsOfAPartitionWhileItIsAssigned() {
        int before = metrics.all().size();
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        floor.lags.put(ORDERS, 0L);
        look();
        assertEquals(1.0, value("done-lag"));
        floor.assign(OTHERS, 0);
        look();
        assertEquals(Double.NaN, value("done-lag"));
        int ofOne = (metrics.all().size() - before) / 2;
        assertEquals(6, ofOne);
        assertEquals(Double.NaN, value("done-lag", OTHERS));
        floor.unassign(ORDERS);
        watch.lookNow(floor);
        assertEquals(before + ofOne, metrics.all().size());
        floor.assign(ORDERS, 0);
        watch.lookNow(floor);
        assertEquals(before + 2 * ofOne, metrics.all().size());
        floor.unassign(ORDERS);
        floor.unassign(OTHERS);
        watch.lookNow(floor);
        assertEquals(before, metrics.all().size());
    }

    @Test
    void shouldBeSeenByReporters() throws Exception {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        ObjectName bean = new ObjectName("kafka.consumer:type=parallel-consumer-metrics,client-id=" + CLIENT_ID);
        ObjectName ofPartition = new ObjectName("kafka.consumer:type=parallel-consumer-partition-metrics,client-id=" + CLIENT_ID
                + ",topic=or.ders,partition=1");
        floor.assign(OTHERS, 0);
        look();
        assertEquals(1L, server.getAttribute(bean, "partitions-assigned"));
        assertEquals(0, server.getAttribute(ofPartition, "records-in-flight"));
        Reporter users = Reporter.LAST.get();
        assertEquals(List.of("mill"), users.context);
        assertTrue(users.seen.containsAll(Set.of("partitions-assigned", "stuck")), users.seen::toString);
        floor.unassign(OTHERS);
        watch.lookNow(floor);
        assertEquals(Set.of(), server.queryNames(ofPartition, null));
        assertTrue(server.isRegistered(bean));
        metrics.close();
        assertEquals(Set.of(), server.queryNames(new ObjectName("kafka.consumer:*,client-id=" + CLIENT_ID), null));
        assertEquals(Set.of(), users.seen);
    }

    /** Kafka's consumer of the same client id has its own registry, with its own count of metrics. */
    @Test
    void shouldTakeNoBeanAwayFromKafkasConsumer() throws Exception {
        ObjectName count = new ObjectName("kafka.consumer:type=kafka-metrics-count,client-id=" + CLIENT_ID);
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        assertEquals(Set.of(), server.queryNames(count, null));
        org.apache.kafka.common.metrics.JmxReporter reporter = new org.apache.kafka.common.metrics.JmxReporter();
        try (Metrics kafkas = new Metrics(new org.apache.kafka.common.metrics.MetricConfig().tags(Map.of("client-id", CLIENT_ID)),
                new ArrayList<>(List.of(reporter)), Time.SYSTEM,
                new org.apache.kafka.common.metrics.KafkaMetricsContext("kafka.consumer"))) {
            double before = (Double) server.getAttribute(count, "count");
            metrics.close();
            metrics = open();
            assertEquals(before, server.getAttribute(count, "count"));
            metrics.close();
            assertEquals(before, server.getAttribute(count, "count"));
            assertEquals(1, kafkas.metrics().size());
        }
    }

    @Test
    void shouldHaveExactlyTheMetricsThatAreDocumented() throws IOException {
        floor.assign(ORDERS, 0);
        look();
        Set<String> documented = new TreeSet<>();
        Matcher row = Pattern.compile("^\\| `([a-z0-9-]+)`(, per partition)? \\|", Pattern.MULTILINE)
                .matcher(Files.readString(docs().resolve("consumer.md")).split("\\| metric \\| unit ")[1].split("##")[0]);
        while (row.find()) {
            documented.add(row.group(1));
            if (row.group(2) != null)
                documented.add(row.group(1) + " of a partition");
        }
        Set<String> there = new TreeSet<>();
        for (MetricName name : metrics.all().keySet())
            there.add(name.name() + (name.group().equals(ConsumerMetrics.PARTITION_GROUP) ? " of a partition" : ""));
        // Of a partition alone.
        documented.remove("stuck");
        assertEquals(there, documented);
    }

    private static Path docs() {
        Path here = Path.of("docs").toAbsolutePath();
        return Files.exists(here) ? here : Path.of("../docs");
    }

    @Test
    void shouldShowTwoRegistriesAsOneMapThatMovesOn() {
        try (Metrics kafkas = new Metrics()) {
            Map<MetricName, Metric> joint = new JointMetrics(kafkas.metrics(), metrics.all());
            int before = joint.size();
            assertEquals(kafkas.metrics().size() + metrics.all().size(), before);
            MetricName name = kafkas.metricName("later", "group");
            kafkas.addMetric(name, (config, nowMs) -> 5);
            assertEquals(before + 1, joint.size());
            assertEquals(5.0, joint.get(name).metricValue());
            assertEquals(before + 1, joint.keySet().stream().distinct().count());
            MetricName ours = metrics.all().keySet().iterator().next();
            assertEquals(metrics.all().get(ours), joint.get(ours));
            assertTrue(joint.containsKey(ours));
            assertThrows(UnsupportedOperationException.class, () -> joint.remove(name));
            assertThrows(UnsupportedOperationException.class, joint::clear);
            assertThrows(UnsupportedOperationException.class, () -> joint.put(name, null));
        }
    }

    @Test
    void shouldOnlyHaveMetricsAsAConsumer() {
        Consumer<String, String> view = MetricsOnlyConsumer.of(metrics::all);
        assertEquals(metrics.all(), view.metrics());
        assertEquals(view, view);
        assertEquals(1, Set.of(view).size());
        assertTrue(view.toString().contains("metrics"));
        String message = assertThrows(UnsupportedOperationException.class, () -> view.poll(Duration.ZERO)).getMessage();
        assertTrue(message.startsWith("poll() is not to be had here"), message);
        assertThrows(UnsupportedOperationException.class, view::close);
        assertThrows(UnsupportedOperationException.class, view::assignment);
    }
}
