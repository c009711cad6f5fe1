package dev.millrace.internal.producer.metrics;

import java.util.Map;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.stats.Avg;
import org.apache.kafka.common.metrics.stats.Meter;

/** What was sent to one topic. Recorded by the sender thread only. */
final class TopicMetrics {
    private static final String GROUP = "producer-topic-metrics";

    final Sensor records;
    final Sensor bytes;
    final Sensor compressionRate;
    final Sensor retries;
    final Sensor errors;
    private final Metrics metrics;
    private final Map<String, String> tags;

    TopicMetrics(Metrics metrics, String topic) {
        this.metrics = metrics;
        this.tags = Map.of("topic", topic);
        String prefix = "topic." + topic;
        records = metrics.sensor(prefix + ".records-per-batch");
        records.add(meter("record-send", "Records sent to the topic"));
        bytes = metrics.sensor(prefix + ".bytes");
        bytes.add(meter("byte", "Bytes sent to the topic"));
        compressionRate = metrics.sensor(prefix + ".compression-rate");
        compressionRate.add(name("compression-rate",
                "Compressed size of the topic's batches over their uncompressed size, on average."), new Avg());
        retries = metrics.sensor(prefix + ".record-retries");
        retries.add(meter("record-retry", "Records sent again to the topic"));
        errors = metrics.sensor(prefix + ".record-errors");
        errors.add(meter("record-error", "Records for the topic that failed"));
    }

    private Meter meter(String prefix, String what) {
        return new Meter(name(prefix + "-rate", what + ", per second."), name(prefix + "-total", what + ", in all."));
    }

    private MetricName name(String name, String description) {
        return metrics.metricName(name, GROUP, description, tags);
    }
}
