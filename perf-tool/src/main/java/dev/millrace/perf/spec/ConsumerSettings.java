package dev.millrace.perf.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.KafkaException;

/** The consumer's settings: the file of {@code --command-config}, and over it each property. */
public final class ConsumerSettings {
    /** Set by the tool itself: a run with other ones would not be the run that was asked for. */
    private static final Set<String> RESERVED = Set.of(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ConsumerConfig.AUTO_OFFSET_RESET_CONFIG);
    /** Shown in every result, whoever set them, because they decide about speed. */
    private static final List<String> SHOWN = List.of(
            ConsumerConfig.FETCH_MIN_BYTES_CONFIG,
            ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
            ConsumerConfig.FETCH_MAX_BYTES_CONFIG,
            ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            ConsumerConfig.CHECK_CRCS_CONFIG);

    private final GivenSettings given;

    private ConsumerSettings(GivenSettings given) {
        this.given = given.refuse(RESERVED, "the tool sets it itself (there is --deserializer, and it reads from the beginning)");
    }

    /**
     * Reads the settings.
     *
     * @param file a properties file
     * @param properties each {@code key=value}
     * @param option the option the properties come from
     * @throws UsageException when the file cannot be read, or a property is no {@code key=value}
     */
    public static ConsumerSettings of(Optional<Path> file, List<String> properties, String option) {
        return new ConsumerSettings(GivenSettings.of(file.orElse(null), properties, option));
    }

    /** Those of a producer that sends what this consumer reads: these ones' way to the brokers, and its own properties. */
    public ClientSettings producer(List<String> properties) {
        return ClientSettings.beside(given, properties);
    }

    /** Brokers named by the settings themselves. */
    public Optional<String> bootstrapServers() {
        return Optional.ofNullable(given.get(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG));
    }

    /** The group the settings name. */
    public Optional<String> group() {
        return Optional.ofNullable(given.get(ConsumerConfig.GROUP_ID_CONFIG));
    }

    /** Whether records of aborted transactions are none. */
    public boolean readsCommitted() {
        return "read_committed".equals(given.get(ConsumerConfig.ISOLATION_LEVEL_CONFIG));
    }

    /**
     * What the consumer is made with: from the beginning of the topic, where its group has committed nothing.
     *
     * @param group unless the user named one
     */
    public Map<String, Object> forConsumer(String bootstrapServers, String group, RecordForm form) {
        Map<String, Object> settings = given.toMap();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        settings.putIfAbsent(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.putIfAbsent(ConsumerConfig.CLIENT_ID_CONFIG, "millrace-perf");
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, form.deserializer());
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, form.deserializer());
        return settings;
    }

    /** The same way to the brokers (security, DNS, sockets) for the admin client. */
    public Map<String, Object> forAdmin(String bootstrapServers) {
        return given.forAdmin(bootstrapServers);
    }

    /** @throws UsageException when a value is none that Kafka's consumer takes */
    public ConsumerConfig check(String bootstrapServers) {
        try {
            return new ConsumerConfig(forConsumer(bootstrapServers, "millrace-perf", RecordForm.BYTE_ARRAY));
        } catch (KafkaException e) {
            throw refused(e);
        }
    }

    /** What to tell of a client that does not take its settings: the reason alone, out of what is wrapped around it. */
    public static UsageException refused(KafkaException e) {
        return GivenSettings.refused(e);
    }

    /**
     * The values a run really has, whoever set them: the ones that decide about speed, and everything given on the command
     * line. Passwords, and keys that the client does not know and that might be some, are left out.
     */
    public Map<String, Object> effective(ConsumeClient client, String bootstrapServers) {
        return given.shown(SHOWN, check(bootstrapServers).values(), client.settings());
    }

    /** Given keys that the client does not know: a typing error would otherwise measure something else. */
    public List<String> unknownKeys(ConsumeClient client) {
        return given.unknownKeys(client.settings().keySet());
    }

    /** Whether the user set this key. */
    public boolean has(String key) {
        return given.has(key);
    }
}
