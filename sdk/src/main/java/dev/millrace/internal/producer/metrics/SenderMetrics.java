package dev.millrace.internal.producer.metrics;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.stats.Avg;
import org.apache.kafka.common.metrics.stats.Max;
import org.apache.kafka.common.metrics.stats.Meter;

/**
 * What goes over the wire. Recorded by the sender thread, once a batch or a request; callers pay nothing per record,
 * unless {@link #sendRejected their record is refused}. Times are the sender's clock in milliseconds.
 */
public final class SenderMetrics {
    private final Metrics metrics;
    private final Sensor batchSize;
    private final Sensor compressionRate;
    private final Sensor queueTime;
    private final Sensor requestTime;
    private final Sensor recordsPerRequest;
    private final Sensor retries;
    private final Sensor errors;
    private final Sensor recordSize;
    private final Sensor batchSplits;
    private final Map<String, TopicMetrics> topics = new HashMap<>(); // sender thread only
    private final Map<String, Sensor> nodeLatencies = new HashMap<>(); // sender thread only

    /**
     * Registers everything but the topics' metrics, which come with a topic's first batch.
     *
     * @param requestsInFlight requests awaiting a response; asked on any thread
     * @param metadataUpdateMs when metadata last arrived, wall clock; asked on any thread
     */
    public SenderMetrics(Metrics metrics, IntSupplier requestsInFlight, LongSupplier metadataUpdateMs) {
        this.metrics = metrics;
        batchSize = avgMax("batch-size", "batch-size", "Bytes a batch has on the wire");
        compressionRate = metrics.sensor("compression-rate");
        compressionRate.add(name("compression-rate-avg",
                "Compressed size of the batches over their uncompressed size, on average."), new Avg());
        queueTime = avgMax("queue-time", "record-queue-time", "Milliseconds a batch waited before it was first sent");
        requestTime = avgMax("request-time", "request-latency", "Milliseconds from a request to its response");
        recordsPerRequest = meter("records-per-request", "record-send", "Records sent");
        recordsPerRequest.add(name("records-per-request-avg", "Records in a request, on average."), new Avg());
        retries = meter("record-retries", "record-retry", "Records sent again");
        errors = meter("errors", "record-error", "Records that failed");
        recordSize = avgMax("record-size", "record-size", "Bytes of the largest record of a batch");
        batchSplits = meter("batch-split-rate", "batch-split", "Batches split because the broker found them too large");
        metrics.addMetric(name("requests-in-flight", "Requests that await a response now."),
                (config, nowMs) -> requestsInFlight.getAsInt());
        metrics.addMetric(name("metadata-age", "Age of the metadata in use, in seconds."),
                (config, nowMs) -> (nowMs - metadataUpdateMs.getAsLong()) / 1000.0);
    }

    /** The sensor Kafka's network client records a broker's throttling in; needed before there is a sender. */
    public static Sensor throttleTimeSensor(Metrics metrics) {
        return avgMax(metrics, "produce-throttle-time", "produce-throttle-time",
                "Milliseconds a broker held a request back to keep a quota");
    }

    /**
     * A batch goes out, for the first time or again.
     *
     * @param bytes            its size on the wire
     * @param compressionRatio compressed over uncompressed size; 1 when not compressed
     * @param maxRecordSize    uncompressed bytes of its largest record
     * @param queueTimeMs      from its first record to now
     */
    public void batchSent(String topic, int records, int bytes, double compressionRatio, int maxRecordSize,
                          long queueTimeMs, long nowMs) {
        TopicMetrics topicMetrics = topics.get(topic);
        if (topicMetrics == null) {
            topicMetrics = new TopicMetrics(metrics, topic);
            topics.put(topic, topicMetrics);
        }
        record(topicMetrics.records, records, nowMs);
        record(topicMetrics.bytes, bytes, nowMs);
        record(topicMetrics.compressionRate, compressionRatio, nowMs);
        record(batchSize, bytes, nowMs);
        record(queueTime, queueTimeMs, nowMs);
        record(compressionRate, compressionRatio, nowMs);
        record(recordSize, maxRecordSize, nowMs);
    }

    /** A produce request goes out with so many records, of all its batches together. */
    public void requestSent(int records, long nowMs) {
        record(recordsPerRequest, records, nowMs);
    }

    /**
     * A produce request was answered.
     *
     * @param node the broker's id in decimal, as Kafka's network client calls its connection
     */
    public void responseReceived(String node, long latencyMs, long nowMs) {
        record(requestTime, latencyMs, nowMs);
        Sensor nodeLatency = nodeLatencies.get(node);
        if (nodeLatency == null) {
            // The network client's selector registers it when the node's first connection opens.
            nodeLatency = metrics.getSensor("node-" + node + ".latency");
            if (nodeLatency == null) {
                return;
            }
            nodeLatencies.put(node, nodeLatency);
        }
        record(nodeLatency, latencyMs, nowMs);
    }

    /** The records of a batch that failed will be sent again. */
    public void recordsRetried(String topic, int records, long nowMs) {
        record(retries, records, nowMs);
        TopicMetrics topicMetrics = topics.get(topic);
        if (topicMetrics != null) {
            record(topicMetrics.retries, records, nowMs);
        }
    }

    /** The records of a batch failed for good. */
    public void recordsFailed(String topic, int records, long nowMs) {
        record(errors, records, nowMs);
        TopicMetrics topicMetrics = topics.get(topic);
        if (topicMetrics != null) {
            record(topicMetrics.errors, records, nowMs);
        }
    }

    /** A record was refused before it was in a batch; on its caller's thread. */
    public void sendRejected(long nowMs) {
        record(errors, 1, nowMs);
    }

    /** A batch the broker found too large was split. */
    public void batchSplit(long nowMs) {
        record(batchSplits, 1, nowMs);
    }

    private static void record(Sensor sensor, double value, long nowMs) {
        sensor.record(value, nowMs, false); // a client has no quotas to check
    }

    private Sensor avgMax(String sensorName, String prefix, String what) {
        return avgMax(metrics, sensorName, prefix, what);
    }

    private static Sensor avgMax(Metrics metrics, String sensorName, String prefix, String what) {
        Sensor sensor = metrics.sensor(sensorName);
        sensor.add(name(metrics, prefix + "-avg", what + ", on average."), new Avg());
        sensor.add(name(metrics, prefix + "-max", what + ", at most."), new Max());
        return sensor;
    }

    private Sensor meter(String sensorName, String prefix, String what) {
        Sensor sensor = metrics.sensor(sensorName);
        sensor.add(new Meter(
                name(prefix + "-rate", what + ", per second."), name(prefix + "-total", what + ", in all.")));
        return sensor;
    }

    private MetricName name(String name, String description) {
        return name(metrics, name, description);
    }

    private static MetricName name(Metrics metrics, String name, String description) {
        return metrics.metricName(name, ClientMetrics.GROUP, description);
    }
}
