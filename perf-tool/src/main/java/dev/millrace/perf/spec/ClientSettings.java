package dev.millrace.perf.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The client's settings: the file of {@code --command-config}, and over it each {@code --command-property}. */
public final class ClientSettings {
    /** Set by the tool itself: a run with other ones would not be the run that was asked for. */
    private static final Set<String> RESERVED =
            Set.of(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG);
    /** Longer than any run, in milliseconds. */
    private static final String WHOLE_LIFE_MS = "86400000";
    /** Shown in every result, whoever set them, because they decide about speed. */
    private static final List<String> SHOWN = List.of(
            ProducerConfig.ACKS_CONFIG,
            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
            ProducerConfig.LINGER_MS_CONFIG,
            ProducerConfig.BATCH_SIZE_CONFIG,
            ProducerConfig.COMPRESSION_TYPE_CONFIG,
            ProducerConfig.BUFFER_MEMORY_CONFIG,
            ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION);

    private final GivenSettings given;

    private ClientSettings(GivenSettings given) {
        this.given = given.refuse(RESERVED, "the tool sends bytes and sets the serializers itself");
    }

    /**
     * Reads the settings.
     *
     * @param file a properties file
     * @param properties each {@code key=value}
     * @throws UsageException when the file cannot be read, or a property is no {@code key=value}
     */
    public static ClientSettings of(Optional<Path> file, List<String> properties) {
        return new ClientSettings(GivenSettings.of(file.orElse(null), properties, "--command-property"));
    }

    /** Those of a producer beside a consumer: its own, over the consumer's way to the brokers. */
    static ClientSettings beside(GivenSettings consumer, List<String> properties) {
        return new ClientSettings(GivenSettings.of(null, properties, "--producer-property").over(consumer.wayToBrokers()));
    }

    /** Brokers named by the settings themselves. */
    public Optional<String> bootstrapServers() {
        return Optional.ofNullable(given.get(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG));
    }

    /** The transactional id the settings name. */
    public Optional<String> transactionalId() {
        return Optional.ofNullable(given.get(ProducerConfig.TRANSACTIONAL_ID_CONFIG));
    }

    /** These settings with another transactional id. */
    public ClientSettings withTransactionalId(String id) {
        return new ClientSettings(given.with(ProducerConfig.TRANSACTIONAL_ID_CONFIG, id));
    }

    /** What the producer is made with. */
    public Map<String, Object> forProducer(String bootstrapServers) {
        Map<String, Object> settings = given.toMap();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        settings.putIfAbsent(ProducerConfig.CLIENT_ID_CONFIG, "millrace-perf");
        // So that averages are over the producer's whole life: the measured phase can then be told from the warm-up.
        settings.putIfAbsent(ProducerConfig.METRICS_SAMPLE_WINDOW_MS_CONFIG, WHOLE_LIFE_MS);
        settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        return settings;
    }

    /** Whether nothing leaves the averages among the producer's metrics; not so when the user set their window. */
    public boolean measuresWholeLife() {
        return !has(ProducerConfig.METRICS_SAMPLE_WINDOW_MS_CONFIG);
    }

    /** The same way to the brokers (security, DNS, sockets) for the admin client. */
    public Map<String, Object> forAdmin(String bootstrapServers) {
        return given.forAdmin(bootstrapServers);
    }

    /** @throws UsageException when a value is none that Kafka's producer takes */
    public ProducerConfig check(String bootstrapServers) {
        try {
            return new ProducerConfig(forProducer(bootstrapServers));
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
    public Map<String, Object> effective(Client client, String bootstrapServers) {
        ProducerConfig config = check(bootstrapServers);
        Map<String, Object> shown = given.shown(SHOWN, config.values(), client.settings());
        shown.put(ProducerConfig.ACKS_CONFIG, config.getString(ProducerConfig.ACKS_CONFIG).replace("-1", "all"));
        return shown;
    }

    /** Given keys that the client does not know: a typing error would otherwise measure something else. */
    public List<String> unknownKeys(Client client) {
        return given.unknownKeys(client.settings().keySet());
    }

    /** Whether the user set this key. */
    public boolean has(String key) {
        return given.has(key);
    }
}
