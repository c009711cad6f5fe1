package dev.millrace.perf.load;

import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/**
 * The producer's own counts, from its metrics; NaN where it has none.
 *
 * @param records sent in requests so far, retries included
 * @param requests sent so far, of every kind
 * @param batchBytesAvg mean bytes of a batch on the wire, over the metric's own window (30 to 60 s)
 */
record ClientMetrics(double records, double requests, double batchBytesAvg) {
    static ClientMetrics read(Producer<?, ?> producer) {
        Map<MetricName, ? extends Metric> metrics = producer.metrics();
        return new ClientMetrics(
                value(metrics, "record-send-total"), value(metrics, "request-total"), value(metrics, "batch-size-avg"));
    }

    private static double value(Map<MetricName, ? extends Metric> metrics, String name) {
        return metrics.entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name) && entry.getKey().group().equals("producer-metrics"))
                .map(entry -> entry.getValue().metricValue())
                .filter(Number.class::isInstance)
                .mapToDouble(value -> ((Number) value).doubleValue())
                .findFirst().orElse(Double.NaN);
    }

    /** Records per request since {@code before}; metadata and other requests count too, a handful in a run. */
    double recordsPerRequestSince(ClientMetrics before) {
        double sent = requests - before.requests;
        return sent > 0 ? (records - before.records) / sent : Double.NaN;
    }
}
