package dev.millrace.perf.spec;

import dev.millrace.MillraceProducer;
import dev.millrace.producer.MillraceProducerConfig;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;

/** The producers that can be measured; the rest of the tool sees only Kafka's {@link Producer}. */
public enum Client {
    MILLRACE(MillraceProducer::new, MillraceProducerConfig.configDef()),
    KAFKA(KafkaProducer::new, new ConfigDef());

    private final Function<Map<String, Object>, Producer<byte[], byte[]>> constructor;
    private final Map<String, ConfigDef.ConfigKey> settings;

    Client(Function<Map<String, Object>, Producer<byte[], byte[]>> constructor, ConfigDef ownSettings) {
        this.constructor = constructor;
        this.settings = new HashMap<>(ProducerConfig.configDef().configKeys());
        settings.putAll(ownSettings.configKeys());
    }

    /**
     * Makes a producer.
     *
     * @throws org.apache.kafka.common.KafkaException when the settings are refused
     */
    public Producer<byte[], byte[]> open(Map<String, Object> properties) {
        return constructor.apply(properties);
    }

    /** Kafka's settings and its own, by their keys. */
    Map<String, ConfigDef.ConfigKey> settings() {
        return Collections.unmodifiableMap(settings);
    }

    /** @throws UsageException when there is no such client */
    public static Client parse(String name) {
        for (Client client : values()) {
            if (client.toString().equalsIgnoreCase(name)) {
                return client;
            }
        }
        throw new UsageException("there is no client '" + name + "'; there are " + List.of(values()));
    }

    /** The name on the command line and in the JSON. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
