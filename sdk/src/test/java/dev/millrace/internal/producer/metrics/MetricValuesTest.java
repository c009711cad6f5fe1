package dev.millrace.internal.producer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.stats.Max;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.MockTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricValuesTest {
    private final MockTime time = new MockTime();
    private final Metrics metrics = ClientMetrics.open(new ProducerConfig(Map.of("bootstrap.servers", "localhost:1",
            "client.id", "values", "key.serializer", StringSerializer.class, "value.serializer",
            StringSerializer.class)), List.of(), time);
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicLong metadataUpdateMs = new AtomicLong(time.milliseconds());
    private final SenderMetrics sender = new SenderMetrics(metrics, inFlight::get, metadataUpdateMs::get);

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void shouldMeasureBatchesAndTheirTopics() {
        long nowMs = time.milliseconds();
        sender.batchSent("a", 10, 1000, 0.5, 120, 4, nowMs);
        sender.batchSent("b", 30, 3000, 1.0, 100, 8, nowMs);
        sender.requestSent(40, nowMs);

        assertEquals(2000, client("batch-size-avg"));
        assertEquals(3000, client("batch-size-max"));
        assertEquals(0.75, client("compression-rate-avg"));
        assertEquals(6, client("record-queue-time-avg"));
        assertEquals(8, client("record-queue-time-max"));
        assertEquals(110, client("record-size-avg"));
        assertEquals(120, client("record-size-max"));
        assertEquals(40, client("record-send-total"));
        assertEquals(40, client("records-per-request-avg"));
        assertEquals(10, topic("a", "record-send-total"));
        assertEquals(1000, topic("a", "byte-total"));
        assertEquals(0.5, topic("a", "compression-rate"));
        assertEquals(30, topic("b", "record-send-total"));
        assertEquals(3000, topic("b", "byte-total"));
    }

    @Test
    void shouldMeasureRetriesErrorsAndSplits() {
        long nowMs = time.milliseconds();
        sender.recordsFailed("never sent to", 2, nowMs);
        sender.recordsRetried("never sent to", 3, nowMs);
        sender.batchSent("a", 10, 1000, 1.0, 100, 0, nowMs);
        sender.recordsFailed("a", 4, nowMs);
        sender.recordsRetried("a", 5, nowMs);
        sender.sendRejected(nowMs);
        sender.batchSplit(nowMs);

        assertEquals(7, client("record-error-total"));
        assertEquals(8, client("record-retry-total"));
        assertEquals(4, topic("a", "record-error-total"));
        assertEquals(5, topic("a", "record-retry-total"));
        assertEquals(1, client("batch-split-total"));
        assertFalse(metrics.metrics().keySet().stream().anyMatch(n -> "never sent to".equals(n.tags().get("topic"))));
    }

    @Test
    void shouldMeasureLatencyOfTheNodesWhoseConnectionWasSeen() {
        long nowMs = time.milliseconds();
        sender.responseReceived("3", 10, nowMs); // its sensor is not there yet: not remembered as absent
        Sensor node = metrics.sensor("node-3.latency");
        node.add(metrics.metricName("request-latency-max", "producer-node-metrics", Map.of("node-id", "node-3")),
                new Max());
        sender.responseReceived("3", 20, nowMs);
        sender.responseReceived("3", 15, nowMs);

        assertEquals(15, client("request-latency-avg"));
        assertEquals(20, client("request-latency-max"));
        assertEquals(20, value("request-latency-max", "producer-node-metrics", Map.of("node-id", "node-3")));
    }

    @Test
    void shouldShowTheStateOfTheMoment() {
        inFlight.set(7);
        time.sleep(2500);
        assertEquals(7, client("requests-in-flight"));
        assertEquals(2.5, client("metadata-age"));
        SenderMetrics.throttleTimeSensor(metrics).record(9, time.milliseconds());
        assertEquals(9, client("produce-throttle-time-max"));
    }

    @Test
    void shouldMeasureTheBufferPool() {
        BufferPoolMetrics pool = new BufferPoolMetrics(metrics);
        AtomicLong available = new AtomicLong(60);
        pool.bind(() -> 2, () -> 100, available::get);
        pool.waited(5_000_000, time.milliseconds());
        pool.waited(1, time.milliseconds());
        pool.exhausted();
        available.set(50);

        assertEquals(2, client("waiting-threads"));
        assertEquals(100, client("buffer-total-bytes"));
        assertEquals(50, client("buffer-available-bytes"));
        assertEquals(5_000_001, client("bufferpool-wait-time-ns-total"));
        assertEquals(1, client("buffer-exhausted-total"));
    }

    @Test
    void shouldAddUpTheTimeOfEachCall() {
        try (CallMetrics calls = new CallMetrics(metrics)) {
            for (CallMetrics.Call call : CallMetrics.Call.values()) {
                calls.record(call, 100 + call.ordinal());
                calls.record(call, 1000);
            }
            assertEquals(1100, client("flush-time-ns-total"));
            assertEquals(1101, client("metadata-wait-time-ns-total"));
            assertEquals(1102, client("txn-init-time-ns-total"));
            assertEquals(1103, client("txn-begin-time-ns-total"));
            assertEquals(1104, client("txn-send-offsets-time-ns-total"));
            assertEquals(1105, client("txn-prepare-time-ns-total"));
            assertEquals(1106, client("txn-commit-time-ns-total"));
            assertEquals(1107, client("txn-abort-time-ns-total"));
        }
    }

    private double client(String name) {
        return value(name, "producer-metrics", Map.of());
    }

    private double topic(String topic, String name) {
        return value(name, "producer-topic-metrics", Map.of("topic", topic));
    }

    private double value(String name, String group, Map<String, String> tags) {
        return ((Number) metrics.metric(metrics.metricName(name, group, tags)).metricValue()).doubleValue();
    }
}
