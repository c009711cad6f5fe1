package dev.millrace.internal.producer.metrics;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.metrics.KafkaMetricsContext;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.utils.Time;

/** The registry all metrics of one producer live in. */
public final class ClientMetrics {
    /** Domain of the JMX beans, and prefix of what {@code AppInfoParser} registers. */
    public static final String JMX_PREFIX = "kafka.producer";
    /** The client-level group. */
    public static final String GROUP = "producer-metrics";

    private ClientMetrics() {
    }

    /**
     * Opens a registry whose every metric carries the tag {@code client-id}; closing it closes the reporters.
     *
     * @param reporters those the config names, and the telemetry's where it is on
     */
    public static Metrics open(ProducerConfig config, List<MetricsReporter> reporters, Time time) {
        MetricConfig metricConfig = new MetricConfig()
                .samples(config.getInt(ProducerConfig.METRICS_NUM_SAMPLES_CONFIG))
                .timeWindow(config.getLong(ProducerConfig.METRICS_SAMPLE_WINDOW_MS_CONFIG), TimeUnit.MILLISECONDS)
                .recordLevel(Sensor.RecordingLevel.forName(
                        config.getString(ProducerConfig.METRICS_RECORDING_LEVEL_CONFIG)))
                .tags(Map.of("client-id", config.getString(ProducerConfig.CLIENT_ID_CONFIG)));
        KafkaMetricsContext context = new KafkaMetricsContext(JMX_PREFIX,
                config.originalsWithPrefix(CommonClientConfigs.METRICS_CONTEXT_PREFIX));
        return new Metrics(metricConfig, reporters, time, context);
    }
}
