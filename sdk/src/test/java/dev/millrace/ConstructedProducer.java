package dev.millrace;

import dev.millrace.internal.producer.config.ConfigParser;
import dev.millrace.internal.producer.config.ProducerSettings;
import dev.millrace.internal.producer.metrics.ClientMetrics;
import dev.millrace.internal.producer.metrics.SenderMetrics;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;

/** A producer that a configuration gave, and the parsed configuration it holds. */
record ConstructedProducer(Runnable closing, ProducerConfig config) implements AutoCloseable {
    static ConstructedProducer kafkas(Map<String, Object> configs) {
        KafkaProducer<Object, Object> producer = new KafkaProducer<>(configs);
        return new ConstructedProducer(() -> producer.close(Duration.ZERO), configOf(producer));
    }

    static ConstructedProducer ours(Map<String, Object> configs) {
        ProducerConfig config = ConfigParser.parse(configs, null, null);
        try {
            String id = config.getString("client.id");
            var reporters = CommonClientConfigs.metricsReporters(id, config);
            CommonClientConfigs.telemetryReporter(id, config).ifPresent(reporters::add);
            var metrics = ClientMetrics.open(config, reporters, Time.SYSTEM);
            config.getConfiguredInstance("partitioner.class", Partitioner.class, Map.of());
            Serializer<?> key = config.getConfiguredInstance("key.serializer", Serializer.class);
            key.configure(config.originals(), true);
            Serializer<?> value = config.getConfiguredInstance("value.serializer", Serializer.class);
            value.configure(config.originals(), false);
            config.getConfiguredInstances("interceptor.classes", ProducerInterceptor.class, Map.of());
            ProducerSettings settings = ProducerSettings.of(config);
            ClientUtils.parseAndValidateAddresses(config);
            ProducerMetadata metadata = new ProducerMetadata(1, 1, 1, 1, new LogContext(),
                    new ClusterResourceListeners(), Time.SYSTEM);
            var net = ClientUtils.createNetworkClient(config, metrics, "producer", new LogContext(), new ApiVersions(),
                    Time.SYSTEM, 5, metadata, SenderMetrics.throttleTimeSensor(metrics), null);
            return new ConstructedProducer(() -> {
                net.close();
                metrics.close();
            }, settings.config());
        } catch (Throwable t) {
            throw new KafkaException("Failed to construct kafka producer", t);
        }
    }

    private static ProducerConfig configOf(Object producer) {
        try {
            var field = producer.getClass().getDeclaredField("producerConfig");
            field.setAccessible(true);
            return (ProducerConfig) field.get(producer);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("KafkaProducer keeps its config elsewhere now", e);
        }
    }

    @Override
    public void close() {
        closing.run();
    }
}
