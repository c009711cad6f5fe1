package dev.millrace.perf.spec;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/** Settings as the user gave them, of whatever client: a properties file, and over it single properties. */
final class GivenSettings {
    private final Map<String, String> given;

    private GivenSettings(Map<String, String> given) {
        this.given = Collections.unmodifiableMap(given);
    }

    /**
     * Reads the settings.
     *
     * @param file a properties file; null for none
     * @param properties each {@code key=value}
     * @param option the option they come from
     * @throws UsageException when the file cannot be read, or a property is no {@code key=value}
     */
    static GivenSettings of(Path file, List<String> properties, String option) {
        Map<String, String> given = new TreeMap<>();
        if (file != null) {
            given.putAll(read(file));
        }
        for (String property : properties) {
            int equals = property.indexOf('=');
            if (equals <= 0) {
                throw new UsageException(option + ": '" + property + "' is not key=value");
            }
            given.put(property.substring(0, equals).strip(), property.substring(equals + 1).strip());
        }
        return new GivenSettings(given);
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
        return e instanceof NoSuchFileException ? "there is no such file" : e.toString();
    }

    /** These, and one more or another value of one. */
    GivenSettings with(String key, String value) {
        Map<String, String> settings = new TreeMap<>(given);
        settings.put(key, value);
        return new GivenSettings(settings);
    }

    /** Those that lead to the brokers (security, DNS, sockets), as every client takes them. */
    GivenSettings wayToBrokers() {
        Map<String, String> settings = new TreeMap<>(given);
        settings.keySet().retainAll(AdminClientConfig.configNames());
        settings.keySet().removeAll(Set.of(
                AdminClientConfig.METRIC_REPORTER_CLASSES_CONFIG,
                AdminClientConfig.CLIENT_ID_CONFIG,
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG));
        return new GivenSettings(settings);
    }

    /** These over {@code others}. */
    GivenSettings over(GivenSettings others) {
        Map<String, String> settings = new TreeMap<>(others.given);
        settings.putAll(given);
        return new GivenSettings(settings);
    }

    /** @throws UsageException when one of {@code reserved} is given */
    GivenSettings refuse(Set<String> reserved, String reason) {
        for (String key : reserved) {
            if (given.containsKey(key)) {
                throw new UsageException(key + ": " + reason + "; leave it out");
            }
        }
        return this;
    }

    /** Null when it is not given. */
    String get(String key) {
        return given.get(key);
    }

    boolean has(String key) {
        return given.containsKey(key);
    }

    /** A copy to add to. */
    Map<String, Object> toMap() {
        return new HashMap<>(given);
    }

    /** The same way to the brokers for the admin client. */
    Map<String, Object> forAdmin(String bootstrapServers) {
        Map<String, Object> settings = wayToBrokers().toMap();
        settings.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        settings.put(AdminClientConfig.CLIENT_ID_CONFIG, "millrace-perf-admin");
        return settings;
    }

    /**
     * Values a run really has, whoever set them.
     *
     * @param always keys that are shown in any case, with their values out of {@code effective}
     * @param effective the client's values
     * @param known the client's settings; passwords, and keys it does not know and that might be some, are left out
     */
    Map<String, Object> shown(List<String> always, Map<String, ?> effective, Map<String, ConfigDef.ConfigKey> known) {
        Map<String, Object> shown = new TreeMap<>();
        always.forEach(key -> shown.put(key, effective.get(key)));
        given.forEach((key, value) -> {
            ConfigDef.ConfigKey setting = known.get(key);
            boolean secret = setting == null || setting.type() == ConfigDef.Type.PASSWORD;
            if (!secret) {
                shown.putIfAbsent(key, value);
            }
        });
        return shown;
    }

    /** Given keys that are not among {@code known}: a typing error would otherwise measure something else. */
    List<String> unknownKeys(Set<String> known) {
        List<String> unknown = new ArrayList<>(given.keySet());
        unknown.removeAll(known);
        unknown.removeIf(key -> key.startsWith("listener.name."));
        return unknown;
    }

    /** What to tell of a client that does not take its settings: the reason alone, out of what is wrapped around it. */
    static UsageException refused(KafkaException e) {
        Throwable cause = e;
        while (!(cause instanceof ConfigException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return new UsageException("the client refuses its settings: " + cause.getMessage(), e);
    }
}
