package dev.millrace.internal.consumer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsumerConfigParserTest {

    private static ConsumerConfigParser parse(Object... overrides) {
        return new ConsumerConfigParser(given(overrides));
    }

    private static Map<String, Object> given(Object... overrides) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", "localhost:1", "group.id", "g",
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class));
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        return config;
    }

    @Test
    void shouldHaveKafkasConsumerGiveOutBytesAndCommitNothing() {
        Map<String, Object> kafka = parse("millrace.consumer.concurrency", 3).kafkaConfig();
        assertEquals(ByteBufferDeserializer.class, kafka.get("key.deserializer"));
        assertEquals(ByteBufferDeserializer.class, kafka.get("value.deserializer"));
        assertEquals(false, kafka.get("enable.auto.commit"));
        assertEquals(2_000, kafka.get("max.poll.records"));
        assertFalse(kafka.containsKey("millrace.consumer.concurrency"));
        assertEquals(7, parse("max.poll.records", 7).kafkaConfig().get("max.poll.records"));
    }

    @ParameterizedTest
    @CsvSource({"enable.auto.commit, true, commits itself", "interceptor.classes, a.B, handler", "group.id, , must be given",
        "millrace.consumer.ordering, keys, 'key, partition, unordered'", "millrace.consumer.concurrency, 0, at least 1",
        "millrace.consumer.concurrency, many, Not a number", "millrace.consumer.drain.timeout.ms, 150000, max.poll.interval.ms",
        "millrace.consumer.drain.timeout.ms, -1, 0 or more", "millrace.consumer.undecodable, drop, 'dead-letter, skip, stop'",
        "auto.offset.reset, sometimes, auto.offset.reset"})
    void shouldRefuse(String key, String value, String reason) {
        ConfigException refusal = assertThrows(ConfigException.class, () -> parse(key, value));
        assertTrue(refusal.getMessage().contains(key), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(reason), refusal.getMessage());
    }

    @Test
    void shouldDrainForAThirdOfThePollInterval() {
        assertEquals(30_000, parse().settings().drainMs());
        assertEquals(2_000, parse("max.poll.interval.ms", 6_000).settings().drainMs());
        assertEquals(2_999, parse("max.poll.interval.ms", 6_000, "millrace.consumer.drain.timeout.ms", 2_999).settings().drainMs());
    }

    @Test
    void shouldDrainWithinTheSessionWhereItIsTheConsumersOwn() {
        assertEquals(3_000, parse("session.timeout.ms", 6_000).settings().drainMs());
        assertEquals(5_000, parse("session.timeout.ms", 6_000, "heartbeat.interval.ms", 1_000).settings().drainMs());
        assertEquals(5_000, parse("session.timeout.ms", 6_000, "heartbeat.interval.ms", 1_000, "millrace.consumer.drain.timeout.ms", 5_000)
                .settings().drainMs());
        ConfigException refusal = assertThrows(ConfigException.class, () -> parse("session.timeout.ms", 6_000,
                "heartbeat.interval.ms", 1_000, "millrace.consumer.drain.timeout.ms", 5_001));
        assertTrue(refusal.getMessage().contains("session.timeout.ms (6000) less heartbeat.interval.ms (1000)"), refusal.getMessage());
        // Brokers decide how long a session is, and a client that sets it is refused by Kafka.
        assertEquals(100_000, parse("group.protocol", "consumer", "millrace.consumer.drain.timeout.ms", 100_000).settings().drainMs());
        assertEquals(100_000, parse("group.protocol", "CONSUMER", "millrace.consumer.drain.timeout.ms", 100_000).settings().drainMs());
        assertThrows(ConfigException.class, () -> parse("group.protocol", "consumer", "millrace.consumer.drain.timeout.ms", 150_000));
    }

    private static final String PREFIX = "millrace.consumer.";

    @ParameterizedTest
    @CsvSource({"max.in.flight.records, 15, concurrency, 16", "max.in.flight.records, 63, concurrency, 64",
        "max.partition.in.flight.records, 101, max.in.flight.records, 100", "batch.size, 101, max.in.flight.records, 100"})
    void shouldRefusePairsThatCannotGoTogether(String key, int value, String other, int limit) {
        ConfigException refusal = assertThrows(ConfigException.class, () -> parse(PREFIX + key, value, PREFIX + other, limit));
        assertTrue(refusal.getMessage().contains("Invalid value " + value + " for configuration " + PREFIX + key), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(PREFIX + other + " (" + limit + ")"), refusal.getMessage());
        parse(PREFIX + key, limit, PREFIX + other, limit);
    }

    @Test
    void shouldPollNoMoreThanMayBeInFlight() {
        ConfigException refusal = assertThrows(ConfigException.class,
                () -> parse("max.poll.records", 101, PREFIX + "max.in.flight.records", 100));
        assertTrue(refusal.getMessage().contains("max.poll.records"), refusal.getMessage());
        assertEquals(100, parse(PREFIX + "max.in.flight.records", 100).kafkaConfig().get("max.poll.records"));
        // The defaults of others give way.
        assertEquals(100, parse(PREFIX + "max.in.flight.records", 100).settings().budget().records());
    }

    @Test
    void shouldTakeSettingsAsStrings() {
        ConsumerSettings settings = parse("millrace.consumer.max.in.flight.records", "5", "millrace.consumer.concurrency", "5",
                "millrace.consumer.handler.timeout.ms", "0",
                "millrace.consumer.ordering", "Partition", "enable.auto.commit", "false").settings();
        assertEquals(5, settings.budget().records());
        assertEquals(Long.MAX_VALUE, settings.handlerTimeoutMs());
    }

    @Test
    void shouldReadCommittedRecordsOnlyAndCommitInTransactionsForATransactionalHandler() {
        ConsumerConfigParser plain = new ConsumerConfigParser(given(), true);
        assertEquals("read_committed", plain.kafkaConfig().get("isolation.level"));
        assertEquals(100, plain.settings().commitIntervalMs());
        assertEquals(5_000, plain.settings().commitRecords());
        assertEquals(10, new ConsumerConfigParser(given("millrace.consumer.max.in.flight.records", 20), true).settings().commitRecords());
        assertEquals(1_000, parse().settings().commitIntervalMs());
        assertFalse(parse().kafkaConfig().containsKey("isolation.level"));
        for (Object[] wrong : new Object[][] {{"isolation.level", "read_uncommitted"}, {"millrace.consumer.transaction.records", 20_001},
            {"millrace.consumer.transaction.records", 0}, {"millrace.consumer.transaction.interval.ms", 0}})
            assertThrows(ConfigException.class, () -> new ConsumerConfigParser(given(wrong), true), () -> wrong[0].toString());
        new ConsumerConfigParser(given("isolation.level", "read_uncommitted"), false);
    }
}
