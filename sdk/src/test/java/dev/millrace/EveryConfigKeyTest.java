package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/**
 * No key of {@link ProducerConfig} is forgotten: each is read by somebody when a producer is made, or is one of the few
 * that only other circumstances make somebody read, which has a reason and a test of it here. Kafka's config object
 * notes what is read from it.
 */
class EveryConfigKeyTest {
    private static final String JAAS = "org.apache.kafka.common.security.plain.PlainLoginModule required"
            + " username=\"u\" password=\"p\";";

    /** Together they make every part of a producer read its keys. */
    private static final List<Map<String, Object>> CIRCUMSTANCES = List.of(
            Map.of("compression.type", "gzip"),
            Map.of("compression.type", "lz4"),
            Map.of("compression.type", "zstd"),
            Map.of("transactional.id", "t"),
            Map.of("security.protocol", "SSL"),
            Map.of("security.protocol", "SASL_SSL", "sasl.mechanism", "PLAIN", "sasl.jaas.config", JAAS));

    @Test
    void shouldReadEveryKeyOrHaveAReason() {
        Set<String> forgotten = new TreeSet<>(ProducerConfig.configNames());
        forgotten.removeAll(readBy(ConstructedProducer::ours));
        // Kafka's SASL classes for Kerberos and OAuth read these; they get the whole map: see the test below.
        forgotten.removeIf(key -> key.startsWith("sasl.kerberos."));
        forgotten.removeIf(key -> key.startsWith("sasl.oauthbearer."));
        forgotten.removeIf(key -> key.startsWith("sasl.login."));
        // The config's own constructor has read it when there is a config: see the test below.
        forgotten.remove("config.providers");
        assertEquals(Set.of(), forgotten);
    }

    @Test
    void shouldReadEveryKeyThatKafkaProducerReads() {
        Set<String> missed = readBy(ConstructedProducer::kafkas);
        missed.removeAll(readBy(ConstructedProducer::ours));
        missed.retainAll(ProducerConfig.configNames()); // others are read when a connection opens, or does not in time
        assertEquals(Set.of(), missed);
    }

    @Test
    void shouldHandEverySaslKeyToTheClassesThatReadThem() {
        Map<String, Object> configs = new HashMap<>(Map.of("security.protocol", "SASL_PLAINTEXT",
                "sasl.mechanism", "PLAIN", "sasl.jaas.config", JAAS,
                "sasl.client.callback.handler.class", HandlerThatNotes.class,
                "sasl.oauthbearer.scope", "a scope", "sasl.kerberos.service.name", "a service"));
        Set<String> saslKeys = new TreeSet<>(ProducerConfig.configNames());
        saslKeys.removeIf(key -> !key.startsWith("sasl."));
        HandlerThatNotes.SEEN.clear();
        try (ConstructedProducer producer = make(ConstructedProducer::ours, configs)) {
            saslKeys.removeAll(HandlerThatNotes.SEEN.keySet());
            assertEquals(Set.of(), saslKeys);
            assertEquals("a scope", HandlerThatNotes.SEEN.get("sasl.oauthbearer.scope"));
            assertEquals("a service", HandlerThatNotes.SEEN.get("sasl.kerberos.service.name"));
            assertEquals("PLAIN", producer.config().getString("sasl.mechanism"));
        }
    }

    @Test
    void shouldAskTheConfigProviders() {
        try (ConstructedProducer producer = make(ConstructedProducer::ours, Map.of("config.providers", "shout",
                "config.providers.shout.class", Shouting.class.getName(), "client.id", "${shout:hello}"))) {
            assertEquals("HELLO", producer.config().getString("client.id"));
        }
    }

    @Test
    void shouldLeaveNothingUnusedThatIsInUse() {
        try (ConstructedProducer producer = make(ConstructedProducer::ours, Map.of("compression.type", "lz4",
                "compression.lz4.level", 4, "compression.gzip.level", 5, "no.such.key", 6, "linger.ms", 7))) {
            assertEquals(Set.of("compression.gzip.level", "no.such.key"), producer.config().unused());
        }
    }

    /** The keys somebody has asked the config for, in any of the circumstances. */
    private static Set<String> readBy(Function<Map<String, Object>, ConstructedProducer> constructor) {
        Set<String> read = new TreeSet<>();
        for (Map<String, Object> circumstance : CIRCUMSTANCES) {
            try (ConstructedProducer producer = make(constructor, circumstance)) {
                read.addAll(used(producer.config()));
            }
        }
        assertTrue(read.contains("bootstrap.servers"), "the config's notes are where this test looks for them");
        return read;
    }

    private static ConstructedProducer make(Function<Map<String, Object>, ConstructedProducer> constructor,
                                            Map<String, Object> configs) {
        Map<String, Object> complete = new HashMap<>(configs);
        complete.put("bootstrap.servers", "localhost:1");
        complete.put("key.serializer", StringSerializer.class);
        complete.put("value.serializer", StringSerializer.class);
        return constructor.apply(complete);
    }

    /** {@link AbstractConfig#unused} only speaks of keys that are set, and many cannot be set all at once. */
    private static Set<String> used(AbstractConfig config) {
        try {
            var field = AbstractConfig.class.getDeclaredField("used");
            field.setAccessible(true);
            Set<String> used = new TreeSet<>();
            ((Set<?>) field.get(config)).forEach(key -> used.add((String) key));
            return used;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Kafka notes elsewhere which keys were read", e);
        }
    }

    /** What kafka-clients' own SASL classes are configured with, any of ours would be, too. */
    public static final class HandlerThatNotes implements AuthenticateCallbackHandler {
        static final Map<String, String> SEEN = new ConcurrentHashMap<>();

        @Override
        public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
            for (String key : configs.keySet()) {
                SEEN.put(key, String.valueOf(configs.get(key)));
            }
        }

        @Override
        public void handle(Callback[] callbacks) {
            throw new UnsupportedOperationException("nothing connects in this test");
        }

        @Override
        public void close() {
        }
    }

    /** Turns {@code ${shout:x}} into X. */
    public static final class Shouting implements ConfigProvider {
        @Override
        public ConfigData get(String path) {
            return new ConfigData(Map.of());
        }

        @Override
        public ConfigData get(String path, Set<String> keys) {
            Map<String, String> data = new HashMap<>();
            keys.forEach(key -> data.put(key, key.toUpperCase(Locale.ROOT)));
            return new ConfigData(data);
        }

        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public void close() {
        }
    }
}
