package dev.millrace.perf.spec;

import dev.millrace.consumer.MillraceConsumerConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.config.ConfigDef;

/** Who can be measured handling records. */
public enum ConsumeClient {
    /** Millrace's parallel consumer. */
    MILLRACE(MillraceConsumerConfig.configDef()),
    /** A loop around {@code KafkaConsumer.poll}, which handles each record itself. */
    KAFKA(new ConfigDef()),
    /** No consumer at all: the same work, as tasks of a fixed thread pool. */
    POOL(new ConfigDef());

    private final Map<String, ConfigDef.ConfigKey> settings;

    ConsumeClient(ConfigDef ownSettings) {
        this.settings = new HashMap<>(ConsumerConfig.configDef().configKeys());
        settings.putAll(ownSettings.configKeys());
    }

    /** Kafka's settings and its own, by their keys. */
    Map<String, ConfigDef.ConfigKey> settings() {
        return settings;
    }

    /** Whether it takes its records from a broker. */
    public boolean reads() {
        return this != POOL;
    }

    /** Whether an option says nothing to this client: given for it, it would seem to have been measured. */
    public boolean ignores(String option) {
        return switch (this) {
            case MILLRACE -> false;
            case KAFKA -> Set.of("--ordering", "--concurrency").contains(option);
            case POOL -> Set.of("--ordering", "--topic", "--hot-key-share", "--deserializer", "--bootstrap-server", "--embedded")
                    .contains(option);
        };
    }

    /** @throws UsageException when there is no such client */
    public static ConsumeClient parse(String name) {
        for (ConsumeClient client : values()) {
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
