package dev.millrace.perf.load;

import java.util.Map;
import java.util.stream.DoubleStream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/**
 * The producer's own counts, from its metrics; NaN where it has none.
 *
 * <p>No metric counts batches. But both clients add each batch's bytes to its topic's {@code byte-total} and to
 * {@code batch-size-avg} in the same breath, so the one divided by the other is the number of batches, as long as nothing
 * has left the average's window: {@code ClientSettings} sees to that.
 *
 * @param records sent in requests so far, retries included
 * @param requests sent so far, of every kind
 * @param batchBytes bytes on the wire of all batches so far, retries included
 * @param batchBytesAvg mean of them, over the metric's own window
 */
record ClientMetrics(double records, double requests, double batchBytes, double batchBytesAvg) {
    private static final String PRODUCER = "producer-metrics";

    static ClientMetrics read(Producer<?, ?> producer) {
        Map<MetricName, ? extends Metric> metrics = producer.metrics();
        return new ClientMetrics(
                value(metrics, PRODUCER, "record-send-total"),
                value(metrics, PRODUCER, "request-total"),
                values(metrics, "producer-topic-metrics", "byte-total").sum(),
                value(metrics, PRODUCER, "batch-size-avg"));
    }

    private static double value(Map<MetricName, ? extends Metric> metrics, String group, String name) {
        return values(metrics, group, name).findFirst().orElse(Double.NaN);
    }

    private static DoubleStream values(Map<MetricName, ? extends Metric> metrics, String group, String name) {
        return metrics.entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name) && entry.getKey().group().equals(group))
                .map(entry -> entry.getValue().metricValue())
                .filter(Number.class::isInstance)
                .mapToDouble(value -> ((Number) value).doubleValue());
    }

    /** Records per request since {@code before}; metadata and other requests count too, a handful in a run. */
    double recordsPerRequestSince(ClientMetrics before) {
        return ratio(records - before.records, requests - before.requests);
    }

    /** Records per batch since {@code before}; only if the average's window holds the producer's whole life. */
    double recordsPerBatchSince(ClientMetrics before) {
        return ratio(records - before.records, batchesSince(before));
    }

    /** Bytes per batch since {@code before}; only if the average's window holds the producer's whole life. */
    double batchBytesSince(ClientMetrics before) {
        return ratio(batchBytes - before.batchBytes, batchesSince(before));
    }

    private double batchesSince(ClientMetrics before) {
        // Whole numbers but for the rounding of the division.
        return Math.rint(batches()) - Math.rint(before.batches());
    }

    /** Before the first batch the average is NaN or 0, as the client likes. */
    private double batches() {
        return batchBytes == 0 ? 0 : batchBytes / batchBytesAvg;
    }

    private static double ratio(double part, double of) {
        return of > 0 && Double.isFinite(of) ? part / of : Double.NaN;
    }
}
