package dev.millrace.internal.consumer.watch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.KafkaMetricsContext;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.utils.Time;

/**
 * The metrics of one parallel consumer, beside those of the Kafka consumer that it owns: a registry of Kafka's with reporters of its
 * own, made and configured as that one's. All are gauges that read what the {@link Watch} published last, so that reading one, by any
 * thread, waits for nobody.
 */
public final class ConsumerMetrics implements AutoCloseable {

    /** Metrics of the whole consumer. */
    public static final String GROUP = "parallel-consumer-metrics";
    /** Metrics of one partition; with names of their own group, for registries that want the same tags with the same name. */
    public static final String PARTITION_GROUP = "parallel-consumer-partition-metrics";
    /** Domain of the JMX beans: that of Kafka's consumer. */
    private static final String JMX_PREFIX = "kafka.consumer";

    private final Metrics metrics;
    private final Watch watch;
    private final Time time;
    private final Map<TopicPartition, List<MetricName>> ofPartitions = new HashMap<>();

    /** What only the facade knows; any thread. */
    public record Others(BooleanSupplier healthy, IntSupplier concurrency) {
    }

    /** @param config of the Kafka consumer */
    public ConsumerMetrics(ConsumerConfig config, Watch watch, Others others, Time time) {
        this.watch = watch;
        this.time = time;
        this.metrics = new Metrics(metricConfig(config), new ArrayList<>(), time);
        // Kafka's consumer has the same in its registry. Of two beans of one name the later takes the earlier one's place, and the
        // first to go takes it away.
        metrics.removeMetric(metrics.metricName("count", "kafka-metrics-count"));
        addAll(others);
        addReporters(config);
        watch.onAssignment(this::assigned);
    }

    private static MetricConfig metricConfig(ConsumerConfig config) {
        return new MetricConfig()
                .samples(config.getInt(ConsumerConfig.METRICS_NUM_SAMPLES_CONFIG))
                .timeWindow(config.getLong(ConsumerConfig.METRICS_SAMPLE_WINDOW_MS_CONFIG), TimeUnit.MILLISECONDS)
                .recordLevel(Sensor.RecordingLevel.forName(config.getString(ConsumerConfig.METRICS_RECORDING_LEVEL_CONFIG)))
                .tags(Map.of("client-id", config.getString(ConsumerConfig.CLIENT_ID_CONFIG)));
    }

    private void addReporters(ConsumerConfig config) {
        KafkaMetricsContext context = new KafkaMetricsContext(JMX_PREFIX,
                config.originalsWithPrefix(CommonClientConfigs.METRICS_CONTEXT_PREFIX));
        String clientId = config.getString(ConsumerConfig.CLIENT_ID_CONFIG);
        for (MetricsReporter reporter : CommonClientConfigs.metricsReporters(clientId, config)) {
            reporter.contextChange(context);
            metrics.addReporter(reporter);
        }
    }

    // ---------------------------------------------------------------- of the consumer

    private void addAll(Others others) {
        addLoad(others);
        addTotals();
        addLags();
        addLatencies();
    }

    private void addLoad(Others others) {
        add("healthy", "1 while something goes on or there is nothing to do, 0 otherwise.",
                () -> others.healthy.getAsBoolean() ? 1 : 0);
        add("concurrency", "Records that are handled at once, at most.", others.concurrency::getAsInt);
        sum("records-in-flight", "Records that were fetched and are not done.", PartitionView::inFlight);
        sum("records-running", "Records in a handler.", PartitionView::running);
        sum("records-queued", "Records that wait for a handler.", PartitionView::queued);
        sum("records-parked", "Records that wait for a retry or a time, or behind such a one.", PartitionView::parked);
        sum("handlers-hung", "Handlers that have been running for longer than the handler time-out.", PartitionView::hung);
        seen("partitions-assigned", "Partitions that are assigned.", snapshot -> snapshot.partitions().size());
        count("partitions-paused", "Partitions that the user does not want to be fetched.", PartitionView::pausedByUser);
        count("partitions-full", "Partitions that are not fetched because enough of them is in flight.", PartitionView::full);
        count("partitions-stuck", "Partitions whose oldest unfinished record stands still.", PartitionView::stuck);
        measured("poll-idle-ratio", "Share of the time that the poll thread spent waiting in polls.", Snapshot::pollIdleRatio);
    }

    private void addTotals() {
        seen("records-handled-total", "Attempts that succeeded.", snapshot -> snapshot.attempted().handled());
        measured("records-handled-rate", "Attempts that succeeded, per second.", Snapshot::handledPerSecond);
        seen("records-failed-total", "Attempts that failed.", snapshot -> snapshot.attempted().failed());
        seen("records-retried-total", "Attempts that followed one that failed.", snapshot -> snapshot.totals().retried());
        seen("records-dead-lettered-total", "Records that the dead-letter topic acknowledged.",
                snapshot -> snapshot.totals().deadLettered());
        seen("records-skipped-total", "Records that could not be deserialized and were skipped.",
                snapshot -> snapshot.totals().skipped());
        seen("records-expired-total", "Records that were too old to be handled.", snapshot -> snapshot.attempted().expired());
        seen("commits-failed-total", "Commits that failed.", snapshot -> snapshot.totals().commitsFailed());
        seen("commit-metadata-ignored-total", "Commits found whose metadata could not be used.",
                snapshot -> snapshot.totals().metadataIgnored());
    }

    private void addLags() {
        measured("committed-lag", "Records between the committed offsets and the ends.",
                snapshot -> snapshot.sumIfKnown(PartitionView::committedLag));
        measured("done-lag", "Records up to the ends that are not done.", snapshot -> snapshot.sumIfKnown(PartitionView::doneLag));
        seen("oldest-record-age", "Time since the oldest unfinished record was admitted, ms.",
                snapshot -> snapshot.oldestAgeMs(time.milliseconds()));
    }

    private void addLatencies() {
        measured("handler-latency-p50", "Median of how long a handler took, ms.", snapshot -> snapshot.latency().p50Ms());
        measured("handler-latency-p99", "99th percentile of how long a handler took, ms.", snapshot -> snapshot.latency().p99Ms());
        measured("handler-latency-p999", "99.9th percentile of how long a handler took, ms.", snapshot -> snapshot.latency().p999Ms());
        measured("handler-latency-max", "The longest time a handler took, ms.", snapshot -> snapshot.latency().maxMs());
    }

    private interface Reading {
        Number read();
    }

    private void sum(String name, String description, ToLongFunction<PartitionView> what) {
        seen(name, description, snapshot -> snapshot.sum(what));
    }

    private void count(String name, String description, Predicate<PartitionView> which) {
        seen(name, description, snapshot -> snapshot.count(which));
    }

    private void seen(String name, String description, ToLongFunction<Snapshot> what) {
        add(name, description, () -> what.applyAsLong(watch.snapshot()));
    }

    private void measured(String name, String description, ToDoubleFunction<Snapshot> what) {
        add(name, description, () -> what.applyAsDouble(watch.snapshot()));
    }

    private void add(String name, String description, Reading reading) {
        metrics.addMetric(metrics.metricName(name, GROUP, description), gauge(reading));
    }

    private static Gauge<Number> gauge(Reading reading) {
        return (config, nowMs) -> reading.read();
    }

    // ---------------------------------------------------------------- of partitions; poll thread

    private void assigned(Set<TopicPartition> assigned) {
        List<TopicPartition> gone = ofPartitions.keySet().stream().filter(partition -> !assigned.contains(partition)).toList();
        gone.forEach(partition -> ofPartitions.remove(partition).forEach(metrics::removeMetric));
        for (TopicPartition partition : assigned)
            if (!ofPartitions.containsKey(partition))
                ofPartitions.put(partition, addAll(partition));
    }

    private List<MetricName> addAll(TopicPartition partition) {
        Map<String, String> tags = Map.of("topic", partition.topic(), "partition", Integer.toString(partition.partition()));
        List<MetricName> names = new ArrayList<>();
        names.add(add(partition, tags, "committed-lag", "Records between the committed offset and the end.",
                view -> known(view.committedLag())));
        names.add(add(partition, tags, "done-lag", "Records up to the end that are not done.", view -> known(view.doneLag())));
        names.add(add(partition, tags, "records-in-flight", "Records that were fetched and are not done.", PartitionView::inFlight));
        names.add(add(partition, tags, "records-parked", "Records that wait for a retry or a time, or behind such a one.",
                PartitionView::parked));
        names.add(add(partition, tags, "oldest-record-age", "Time since the oldest unfinished record was admitted, ms.",
                view -> view.oldestAgeMs(time.milliseconds())));
        names.add(add(partition, tags, "stuck", "1 when the oldest unfinished record stands still, 0 otherwise.",
                view -> view.stuck() ? 1 : 0));
        return names;
    }

    private static double known(long value) {
        return value == PartitionView.NONE ? Double.NaN : value;
    }

    private MetricName add(TopicPartition partition, Map<String, String> tags, String name, String description,
                           Function<PartitionView, Number> what) {
        MetricName metric = metrics.metricName(name, PARTITION_GROUP, description, tags);
        metrics.addMetric(metric, gauge(() -> {
            PartitionView view = watch.snapshot().partitions().get(partition);
            return view == null ? Double.NaN : what.apply(view);
        }));
        return metric;
    }

    // ---------------------------------------------------------------- any thread

    /** Those there are, now and later on. */
    public Map<MetricName, ? extends Metric> all() {
        return Collections.unmodifiableMap(metrics.metrics());
    }

    /** Closes the reporters: nothing is to be seen by JMX afterwards. */
    @Override
    public void close() {
        metrics.close();
    }
}
