package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code KafkaProducer} makes of a configuration, ours makes of it: the same exception and words, or values. */
class ConfigRejectionTest {
    private static final Object ABSENT = new Object();

    static Stream<Arguments> rejected() {
        return Stream.of(
                of("idempotence with acks=1", "enable.idempotence", true, "acks", "1"),
                of("idempotence with acks=0", "enable.idempotence", "true", "acks", "0"),
                of("idempotence without retries", "enable.idempotence", true, "retries", 0),
                of("idempotence with six in flight", "enable.idempotence", true, IN_FLIGHT, 6),
                of("default idempotence with six in flight", IN_FLIGHT, 6),
                of("default idempotence with six in flight and acks=1", IN_FLIGHT, 6, "acks", "1"),
                of("none in flight", IN_FLIGHT, 0),
                of("transactions without idempotence", "transactional.id", "t", "enable.idempotence", false),
                of("transactions with acks=1", "transactional.id", "t", "acks", "1"),
                of("transactions with an empty id", "transactional.id", ""),
                of("transaction timeout with two-phase commit", "transactional.id", "t",
                        "transaction.two.phase.commit.enable", true, "transaction.timeout.ms", 1000),
                of("acks of two", "acks", "2"),
                of("acks in words", "acks", "some"),
                of("acks as a number", "acks", 0),
                of("delivery timeout below linger and request timeout", "delivery.timeout.ms", 1000),
                of("delivery timeout one below", "delivery.timeout.ms", 30_004),
                of("negative delivery timeout", "delivery.timeout.ms", -1),
                of("negative batch size", "batch.size", -1),
                of("batch size beyond an int", "batch.size", "2147483648"),
                of("negative buffer memory", "buffer.memory", -1),
                of("negative linger", "linger.ms", -1),
                of("linger in words", "linger.ms", "soon"),
                of("linger of null", "linger.ms", null),
                of("negative retries", "retries", -1),
                of("negative max block", "max.block.ms", -1),
                of("negative request size", "max.request.size", -1),
                of("negative request timeout", "request.timeout.ms", -1),
                of("negative backoff", "retry.backoff.ms", -1),
                of("metadata idle too short", "metadata.max.idle.ms", 4999),
                of("send buffer below -1", "send.buffer.bytes", -2),
                of("unknown compression", "compression.type", "brotli"),
                of("compression in capitals", "compression.type", "LZ4"),
                of("gzip level", "compression.type", "gzip", "compression.gzip.level", 10),
                of("lz4 level", "compression.type", "lz4", "compression.lz4.level", 18),
                of("zstd level of a type not in use", "compression.zstd.level", 23),
                of("idempotence neither true nor false", "enable.idempotence", "yes"),
                of("no bootstrap servers", "bootstrap.servers", ABSENT),
                of("empty bootstrap servers", "bootstrap.servers", ""),
                of("bootstrap server without a port", "bootstrap.servers", "localhost"),
                of("bootstrap server with a bad port", "bootstrap.servers", "localhost:99999"),
                of("dns lookup", "client.dns.lookup", "guess"),
                of("no serializers", "key.serializer", ABSENT, "value.serializer", ABSENT),
                of("no key serializer", "key.serializer", null),
                of("no value serializer", "value.serializer", ABSENT),
                of("no value serializer, and acks of two", "value.serializer", ABSENT, "acks", "2"),
                of("a serializer that is none", "key.serializer", String.class),
                of("a serializer that is not there", "value.serializer", "no.such.Serializer"),
                of("a serializer that cannot be made", "value.serializer", Unmakeable.class),
                of("a partitioner that is none", "partitioner.class", String.class),
                of("an interceptor that is none", "interceptor.classes", List.of(String.class)),
                of("an interceptor twice", "interceptor.classes", "a.B,a.B"),
                of("a reporter that is not there", "metric.reporters", "no.such.Reporter"),
                of("recording level", "metrics.recording.level", "LOUD"),
                of("metric samples", "metrics.num.samples", 0),
                of("security protocol", "security.protocol", "NONE"),
                of("SASL without credentials", "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN"),
                of("SASL without a mechanism", "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", ""),
                of("a key store that is not there", "security.protocol", "SSL",
                        "ssl.truststore.location", "/no/such/store", "ssl.truststore.password", "x"),
                of("metadata recovery", "metadata.recovery.strategy", "hope"),
                of("a config provider that is not there", "config.providers", "p",
                        "config.providers.p.class", "no.such.Provider"));
    }

    static Stream<Arguments> coerced() {
        return Stream.of(
                of("defaults"),
                of("acks=1 ends idempotence", "acks", "1"),
                of("acks=0 ends idempotence", "acks", "0"),
                of("acks with blanks", "acks", " all "),
                of("no retries ends idempotence", "retries", 0),
                of("nine in flight without idempotence", IN_FLIGHT, 9, "enable.idempotence", false),
                of("default delivery timeout below linger and request timeout", "linger.ms", 100_000,
                        "request.timeout.ms", 100_000),
                of("linger beyond an int", "linger.ms", Long.MAX_VALUE),
                of("batch size of 0", "batch.size", 0),
                of("reconnect backoff alone", "reconnect.backoff.ms", 77),
                of("retry backoff above its maximum", "retry.backoff.ms", 5000),
                of("values as strings", "linger.ms", " 7 ", "batch.size", "100", "enable.idempotence", "FALSE"),
                of("security protocol in small letters", "security.protocol", "plaintext"),
                of("empty client id", "client.id", ""),
                of("client id from the transactional id", "transactional.id", "payments"),
                of("a key nobody knows", "no.such.key", "x"));
    }

    private static final String IN_FLIGHT = "max.in.flight.requests.per.connection";

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void rejected(String name, Map<String, Object> configs) {
        String kafkas = rejection(configs, ConstructedProducer::kafkas);
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        String ours = rejection(configs, ConstructedProducer::ours);
        assertEquals(kafkas, ours);
        Set<Thread> left = new HashSet<>(Thread.getAllStackTraces().keySet());
        left.removeAll(before);
        left.removeIf(thread -> thread.getThreadGroup() == null || thread.getThreadGroup().getParent() == null);
        assertEquals(Set.of(), left, "threads a producer that was refused left behind");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void coerced(String name, Map<String, Object> configs) {
        assertEquals(values(configs, ConstructedProducer::kafkas), values(configs, ConstructedProducer::ours));
    }

    @Test
    void shouldTellRejectionsApart() {
        assertNotEquals(rejection(Map.of(), ConstructedProducer::kafkas),
                rejection(Map.of("key.serializer", ByteArraySerializer.class), ConstructedProducer::kafkas));
    }

    /** Fails when it is made. */
    public static final class Unmakeable extends ByteArraySerializer {
        /** Never returns. */
        public Unmakeable() {
            throw new IllegalStateException("not today");
        }
    }

    private static Arguments of(String name, Object... keysAndValues) {
        Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", "localhost:1",
                "key.serializer", ByteArraySerializer.class, "value.serializer", ByteArraySerializer.class));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            configs.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        configs.values().removeIf(value -> value == ABSENT);
        return arguments(name, configs);
    }

    private static String rejection(Map<String, Object> configs,
                                    Function<Map<String, Object>, ConstructedProducer> constructor) {
        StringBuilder chain = new StringBuilder();
        Throwable thrown = assertThrows(Throwable.class, () -> constructor.apply(configs).close());
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            chain.append(t.getClass().getName()).append(": ").append(t.getMessage()).append('\n');
        }
        return chain.toString();
    }

    private static Map<String, String> values(Map<String, Object> configs,
                                              Function<Map<String, Object>, ConstructedProducer> constructor) {
        try (ConstructedProducer producer = constructor.apply(configs)) {
            Map<String, String> values = new HashMap<>();
            producer.config().values().forEach((key, value) -> values.put(key, String.valueOf(value)));
            values.computeIfPresent("client.id", (key, id) -> id.replaceFirst("producer-\\d+", "producer-n"));
            return values;
        }
    }
}
