package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.millrace.testkit.LoopbackPorts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Input no producer can take: ours answers word for word as {@code KafkaProducer}, thrown or by future and callback, takes
 * the next record, and leaves no thread behind. What configurations are refused is {@link ConfigRejectionTest}'s.
 */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class BadInputIT {

    private static final String TOPIC = OneBroker.newTopic(2);
    private static final int BLOCK_MS = 300;

    static Stream<Arguments> badRecords() {
        return Stream.of(
                of("no record", () -> null),
                of("partition out of range", () -> new ProducerRecord<>(TOPIC, 2, "k", "v")),
                of("partition far out of range", () -> new ProducerRecord<>(TOPIC, Integer.MAX_VALUE, "k", "v")),
                of("unknown topic", () -> new ProducerRecord<>("nowhere", "k", "v")),
                of("partition of an unknown topic", () -> new ProducerRecord<>("nowhere", 1, "k", "v")),
                of("topic with a blank", () -> new ProducerRecord<>("no topic", "k", "v")),
                of("topic without a name", () -> new ProducerRecord<>("", "k", "v")),
                of("topic with too long a name", () -> new ProducerRecord<>("t".repeat(250), "k", "v")),
                of("topic that is the parent folder", () -> new ProducerRecord<>("..", "k", "v")),
                of("key of another class", () -> new ProducerRecord<>(TOPIC, 42, "v")),
                of("value of another class", () -> new ProducerRecord<>(TOPIC, "k", 42L)),
                of("key larger than a request", () -> new ProducerRecord<>(TOPIC, 1, "k".repeat(10_000), "v"),
                        "max.request.size", 10_000),
                of("value larger than a request", () -> new ProducerRecord<>(TOPIC, 1, "k", "v".repeat(10_000)),
                        "max.request.size", 10_000),
                of("headers larger than a request", () -> {
                    ProducerRecord<Object, Object> record = new ProducerRecord<>(TOPIC, 1, "k", "v");
                    record.headers().add("large", new byte[10_000]);
                    return record;
                }, "max.request.size", 10_000, "compression.type", "zstd"),
                of("record larger than memory", () -> new ProducerRecord<>(TOPIC, 1, "k", "v".repeat(30_000)),
                        "buffer.memory", 30_000, "batch.size", 1000),
                of("record larger than the broker takes", () -> new ProducerRecord<>(TOPIC, 1, 7L, "k", "v".repeat(1_100_000)),
                        "max.request.size", 2_000_000),
                of("serializer that refuses", () -> new ProducerRecord<>(TOPIC, "k", "refuse"),
                        "value.serializer", Refusing.class),
                of("serializer that fails", () -> new ProducerRecord<>(TOPIC, "k", "fail"), "value.serializer", Refusing.class),
                of("key serializer that fails", () -> new ProducerRecord<>(TOPIC, "fail", "v"), "key.serializer", Refusing.class),
                of("serializer with an API error", () -> new ProducerRecord<>(TOPIC, "k", "api"),
                        "value.serializer", Refusing.class),
                of("partitioner that fails", () -> new ProducerRecord<>(TOPIC, "k", "none"), "partitioner.class", ByValue.class));
    }

    private static Arguments of(String name, Supplier<ProducerRecord<Object, Object>> record, Object... overrides) {
        return arguments(name, record, overrides);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badRecords")
    void shouldSayWhatKafkaProducerSays(String name, Supplier<ProducerRecord<Object, Object>> record, Object[] overrides)
            throws Exception {
        String kafkas = outcome(Client.KAFKA, record.get(), overrides);
        String ours = outcome(Client.MILLRACE, record.get(), overrides);
        assertFalse(kafkas.contains("acknowledged"), kafkas);
        assertEquals(kafkas, ours);
    }

    /** What comes of a record, in words; then the producer takes a good one. */
    private static String outcome(Client client, ProducerRecord<Object, Object> record, Object... overrides) throws Exception {
        List<String> said = new ArrayList<>();
        Map<String, Object> config = OneBroker.config(overrides);
        config.put("max.block.ms", BLOCK_MS);
        try (Producer<Object, Object> producer = client.producer(config)) {
            producer.partitionsFor(TOPIC);
            try {
                Future<RecordMetadata> future = producer.send(record, (metadata, e) -> said.add("callback " + metadata + " "
                        + (metadata == null ? null : metadata.timestamp() + " " + metadata.serializedKeySize()) + " " + chain(e)));
                said.add("done " + (future.isDone() && !future.isCancelled()));
                said.add("acknowledged " + future.get());
            } catch (Exception e) {
                said.remove("done false"); // that it is not done at once depends on the broker's speed
                said.remove("done true");
                said.add(chain(e));
            }
            assertTrue(producer.send(new ProducerRecord<>(TOPIC, "k", "1")).get().hasOffset());
        }
        return String.join("\n", said);
    }

    private static String chain(Throwable thrown) {
        StringBuilder chain = new StringBuilder();
        for (Throwable t = thrown; t != null; t = t.getCause())
            // The words for a null are the JVM's.
            chain.append(t.getClass().getName()).append(": ").append(t instanceof NullPointerException ? "" : t.getMessage())
                    .append("; ");
        return chain.toString();
    }

    /** Of {@code KafkaProducer} the first would say less, and the second would be sent for ever. */
    @ParameterizedTest
    @ValueSource(strings = {"-1", "2"})
    void shouldRefusePartitionsOfAPartitionerThatDoNotExist(String partition) throws Exception {
        List<Exception> called = new ArrayList<>();
        try (Producer<String, String> producer = Client.MILLRACE.producer("partitioner.class", ByValue.class)) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                    () -> producer.send(new ProducerRecord<>(TOPIC, "k", partition), (metadata, e) -> called.add(e)));
            assertEquals("The partitioner generated an invalid partition number: " + partition + ". Topic " + TOPIC
                    + " has 2 partitions; the number should be in [0, 2). The partitioner is " + ByValue.class.getName() + ".",
                    refused.getMessage());
            assertEquals(List.of(), called);
            assertTrue(producer.send(new ProducerRecord<>(TOPIC, "k", "1")).get().hasOffset());
        }
    }

    /** Kafka's own class refuses these before any producer sees them. */
    @Test
    void shouldNotEvenMakeSomeRecords() {
        assertThrows(IllegalArgumentException.class, () -> new ProducerRecord<>(null, "k", "v"));
        assertThrows(IllegalArgumentException.class, () -> new ProducerRecord<>(TOPIC, -1, "k", "v"));
        assertThrows(IllegalArgumentException.class, () -> new ProducerRecord<>(TOPIC, 0, -1L, "k", "v"));
        assertThrows(NullPointerException.class, () -> new ProducerRecord<>(TOPIC, "k", "v").headers().add(null, new byte[1]));
    }

    /** Throws what a value asks for. */
    public static class Refusing implements Serializer<String> {
        @Override
        public byte[] serialize(String topic, String data) {
            return switch (data) {
                case "refuse" -> throw new SerializationException("refused");
                case "fail" -> throw new IllegalStateException("failed", new RuntimeException("cause"));
                case "api" -> throw new InvalidConfigurationException("no schema");
                default -> data.getBytes();
            };
        }

        @Override
        public byte[] serialize(String topic, Headers headers, String data) {
            return serialize(topic, data);
        }
    }

    /** The partition the value names. */
    public static class ByValue implements Partitioner {
        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
            return Integer.parseInt((String) value);
        }

        @Override
        public void close() {
        }
    }

    // ---------------------------------------------------------------- bootstrap servers

    @Test
    void shouldGiveUpAfterMaxBlockWhenNobodyListens() {
        int port = LoopbackPorts.lease();
        try {
            assertEquals(unreachable(Client.KAFKA, "127.0.0.1:" + port), unreachable(Client.MILLRACE, "127.0.0.1:" + port));
        } finally {
            LoopbackPorts.release(port);
        }
    }

    private static String unreachable(Client client, String servers) {
        List<String> said = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("bootstrap.servers", servers, "max.block.ms", BLOCK_MS)) {
            Future<RecordMetadata> future = producer.send(new ProducerRecord<>(TOPIC, "v"),
                    (metadata, e) -> said.add(metadata + " " + chain(e)));
            said.add(chain(assertThrows(Exception.class, future::get)));
            said.add(chain(assertThrows(Exception.class, () -> producer.partitionsFor(TOPIC))));
            producer.flush();
        }
        return String.join("\n", said);
    }

    @Test
    void shouldRefuseServersThatCannotBeResolved() {
        for (String servers : List.of("no.such.host.invalid:9092", "no.such.host.invalid:9092,nor.this.invalid:9093", "localhost"))
            assertEquals(chain(assertThrows(Exception.class, () -> Client.KAFKA.producer("bootstrap.servers", servers))),
                    chain(assertThrows(Exception.class, () -> Client.MILLRACE.producer("bootstrap.servers", servers))));
    }

    @Test
    void shouldStartWhenOneServerOfManyCanBeResolved() throws Exception {
        String servers = "no.such.host.invalid:9092,127.0.0.1:1," + OneBroker.cluster().bootstrapServers();
        try (Producer<String, String> producer = Client.MILLRACE.producer("bootstrap.servers", servers)) {
            assertTrue(producer.send(new ProducerRecord<>(TOPIC, "v")).get().hasOffset());
        }
    }
}
