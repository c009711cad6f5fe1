package dev.millrace.perf.spec;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
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

    private final Map<String, String> given;

    private ClientSettings(Map<String, String> given) {
        this.given = Collections.unmodifiableMap(given);
    }

    /**
     * Reads the settings.
     *
     * @param file a properties file
     * @param properties each {@code key=value}
     * @throws UsageException when the file cannot be read, or a property is no {@code key=value}
     */
    public static ClientSettings of(Optional<Path> file, List<String> properties) {
        Map<String, String> given = new TreeMap<>();
        file.ifPresent(path -> given.putAll(read(path)));
        for (String property : properties) {
            int equals = property.indexOf('=');
            if (equals <= 0) {
                throw new UsageException("--command-property: '" + property + "' is not key=value");
            }
            given.put(property.substring(0, equals).strip(), property.substring(equals + 1).strip());
        }
        for (String reserved : RESERVED) {
            if (given.containsKey(reserved)) {
                throw new UsageException(reserved + ": the tool sends bytes and sets the serializers itself; leave it out");
            }
        }
        return new ClientSettings(given);
    }

    private static Map<String, String> read(Path path) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new UsageException("--command-config: cannot read " + path.toAbsolutePath() + ": " + reason(e), e);
        }
        Map<String, String> map = new HashMap<>();
        properties.stringPropertyNames().forEach(name -> map.put(name, properties.getProperty(name).strip()));
        return map;
    }

    private static String reason(Exception e) {
        return e instanceof java.nio.file.NoSuchFileException ? "there is no such file" : e.toString();
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
        Map<String, String> settings = new TreeMap<>(given);
        settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, id);
        return new ClientSettings(settings);
    }

    /** What the producer is made with. */
    public Map<String, Object> forProducer(String bootstrapServers) {
        Map<String, Object> settings = new HashMap<>(given);
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
        Map<String, Object> settings = new HashMap<>(given);
        settings.keySet().retainAll(AdminClientConfig.configNames());
        settings.keySet().removeAll(Set.of(
                ProducerConfig.METRIC_REPORTER_CLASSES_CONFIG,
                ProducerConfig.CLIENT_ID_CONFIG,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG));
        settings.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        settings.put(AdminClientConfig.CLIENT_ID_CONFIG, "millrace-perf-admin");
        return settings;
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
        Throwable cause = e;
        while (!(cause instanceof ConfigException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return new UsageException("the client refuses its settings: " + cause.getMessage(), e);
    }

    /**
     * The values a run really has, whoever set them: the ones that decide about speed, and everything given on the command
     * line. Passwords, and keys that the client does not know and that might be some, are left out.
     */
    public Map<String, Object> effective(Client client, String bootstrapServers) {
        ProducerConfig config = check(bootstrapServers);
        Map<String, Object> shown = new TreeMap<>();
        SHOWN.forEach(key -> shown.put(key, config.values().get(key)));
        shown.put(ProducerConfig.ACKS_CONFIG, config.getString(ProducerConfig.ACKS_CONFIG).replace("-1", "all"));
        given.forEach((key, value) -> {
            ConfigDef.ConfigKey known = client.settings().get(key);
            boolean secret = known == null || known.type() == ConfigDef.Type.PASSWORD;
            if (!secret) {
                shown.putIfAbsent(key, value);
            }
        });
        return shown;
    }

    /** Given keys that the client does not know: a typing error would otherwise measure something else. */
    public List<String> unknownKeys(Client client) {
        List<String> unknown = new ArrayList<>(given.keySet());
        unknown.removeAll(client.settings().keySet());
        unknown.removeIf(key -> key.startsWith("listener.name."));
        return unknown;
    }

    /** Whether the user set this key. */
    public boolean has(String key) {
        return given.containsKey(key);
    }
}
