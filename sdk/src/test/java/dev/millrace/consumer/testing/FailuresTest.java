package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.config;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RecordOutcome;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.UndecodableRecords;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Retries, dead letters, and bytes that are no record. */
class FailuresTest {

    private final MockProducer<byte[], byte[]> producer = new MockProducer<>(false, null, new ByteArraySerializer(),
            new ByteArraySerializer());
    private final List<String> seen = new ArrayList<>();

    private DeadLetters letters() {
        return DeadLetters.toTopic("dead", producer);
    }

    private static String header(ProducerRecord<byte[], byte[]> letter, String key) {
        return new String(letter.headers().lastHeader(key).value(), StandardCharsets.UTF_8);
    }

    private enum Kind { BLOCKING, ASYNC, ASYNC_WRAPPED, BATCH }

    private static ParallelConsumer.Builder<String, String> failing(Kind kind, ParallelConsumer.Builder<String, String> builder) {
        return switch (kind) {
            case BLOCKING -> builder.handler(record -> {
                throw failure(record.key());
            });
            case ASYNC -> builder.asyncHandler((record, context) -> {
                throw failure(record.key());
            });
            case ASYNC_WRAPPED -> builder.asyncHandler((record, context) ->
                    CompletableFuture.failedFuture(new CompletionException(failure(record.key()))));
            case BATCH -> builder.batchHandler(records ->
                    records.stream().map(record -> RecordOutcome.failed(failure(record.key()))).toList());
        };
    }

    private static Exception failure(String key) {
        return switch (key) {
            case "slow" -> new TimeoutException("too slow");
            case "wrong" -> new IllegalArgumentException("never any good");
            default -> new IOException("try again");
        };
    }

    // ---------------------------------------------------------------- retries

    @ParameterizedTest
    @EnumSource
    void shouldFollowTheRuleOfEachTypeOfException(Kind kind) {
        RetryPolicy policy = RetryPolicy.fixed(Duration.ofSeconds(1)).maxAttempts(3)
                .on(TimeoutException.class, RetryPolicy.fixed(Duration.ofSeconds(10)).maxAttempts(2))
                .notOn(IllegalArgumentException.class);
        try (var driver = drive(failing(kind, builder().retry(policy).deadLetters(DeadLetters.toTopic("dead", driversOwn()))))) {
            driver.assign(P0);
            driver.feed(P0, "io", "v");
            driver.feed(P0, "slow", "v");
            driver.feed(P0, "wrong", "v");
            driver.run();
            assertEquals(List.of("2: 1 " + IllegalArgumentException.class.getName()), told(driver));
            assertEquals(List.of(new WaitingRecord(P0, 0, 1, driver.now().plusSeconds(1)),
                    new WaitingRecord(P0, 1, 1, driver.now().plusSeconds(10))), driver.waiting());
            driver.advance(Duration.ofMillis(1999));
            assertEquals(1, driver.deadLetters().size());
            driver.advance(Duration.ofMillis(1));
            driver.advance(Duration.ofMillis(7999));
            assertEquals(2, driver.deadLetters().size());
            driver.advance(Duration.ofMillis(1));
            assertEquals(List.of("2: 1 " + IllegalArgumentException.class.getName(), "0: 3 " + IOException.class.getName(),
                    "1: 2 " + TimeoutException.class.getName()), told(driver));
            driver.advance(Duration.ofSeconds(1));
            assertEquals(3, driver.committed(P0).offset());
        }
    }

    /** Replaced by the driver's: this one would never acknowledge. */
    private static MockProducer<byte[], byte[]> driversOwn() {
        return new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static List<String> told(ParallelConsumerTestDriver<?, ?> driver) {
        return driver.deadLetters().stream().map(letter -> header(letter, DeadLetters.OFFSET) + ": " + header(letter, DeadLetters.ATTEMPTS)
                + " " + header(letter, DeadLetters.EXCEPTION)).toList();
    }

    @Test
    void shouldHoldBackOnlyTheKeyThatFailedAndKeepItsOrder() {
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ofSeconds(5))).handler((record, context) -> {
            seen.add(record.key() + record.value() + "#" + context.attempt());
            if (record.value().equals("1") && context.attempt() < 3)
                throw new IOException("not yet");
        }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "1");
            driver.feed(P0, "b", "2");
            driver.feed(P0, "a", "3");
            driver.run();
            driver.feed(P0, "a", "4");
            driver.feed(P0, "b", "5");
            driver.run();
            assertEquals(List.of("a1#1", "b2#1", "b5#1"), seen);
            driver.advance(Duration.ofSeconds(10));
            assertEquals(List.of("a1#1", "b2#1", "b5#1", "a1#2", "a1#3", "a3#1", "a4#1"), seen);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BLOCKING", "BATCH", "ASYNC"})
    void shouldGoByThePolicyWhenAHandlerThrowsAnError(Kind kind) {
        var builder = builder().retry(RetryPolicy.fixed(Duration.ofSeconds(1)).maxAttempts(2)).deadLetters(letters());
        Error error = new NoClassDefFoundError("a/B");
        try (var driver = drive(switch (kind) {
            case BATCH -> builder.batchHandler(records -> {
                throw error;
            });
            case ASYNC -> builder.asyncHandler((record, context) -> {
                throw error;
            });
            default -> builder.handler(record -> {
                throw error;
            });
        })) {
            driver.assign(P0);
            driver.feed(P0, "a", "1");
            driver.advance(Duration.ofSeconds(1));
            assertEquals("2", header(driver.deadLetters().get(0), DeadLetters.ATTEMPTS));
            assertTrue(header(driver.deadLetters().get(0), DeadLetters.MESSAGE).contains("a/B"));
            producer.completeNext();
        }
    }

    // ---------------------------------------------------------------- dead letters

    @Test
    void shouldKeepWhatARecordWasInItsDeadLetter() {
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(letters()).handler(record -> {
            throw new IOException("disk full");
        }))) {
            driver.assign(P0);
            driver.feedGap(P0, 7);
            ProducerRecord<String, String> record = new ProducerRecord<>("orders", 0, 1234L, "key", "value");
            record.headers().add("trace", new byte[] {1, 2});
            driver.feed(record);
            driver.run();
            ProducerRecord<byte[], byte[]> letter = driver.deadLetters().get(0);
            assertEquals("dead", letter.topic());
            assertEquals("key", new String(letter.key(), StandardCharsets.UTF_8));
            assertEquals("value", new String(letter.value(), StandardCharsets.UTF_8));
            assertEquals(1234L, letter.timestamp());
            assertArrayEquals(new byte[] {1, 2}, letter.headers().lastHeader("trace").value());
            assertEquals("orders 0 7 1234 java.io.IOException disk full 1", String.join(" ", header(letter, DeadLetters.TOPIC),
                    header(letter, DeadLetters.PARTITION), header(letter, DeadLetters.OFFSET), header(letter, DeadLetters.TIMESTAMP),
                    header(letter, DeadLetters.EXCEPTION), header(letter, DeadLetters.MESSAGE), header(letter, DeadLetters.ATTEMPTS)));
            producer.completeNext();
        }
    }

    @Test
    void shouldNotBeDoneBeforeTheDeadLetterIsAcknowledged() {
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(letters()).handler(record -> {
            seen.add(record.value());
            if (record.offset() == 0)
                throw new IOException("no");
        }))) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 2);
            driver.advance(Duration.ofSeconds(5));
            assertEquals(0, driver.committed(P0).offset());
            // What must not overtake it waits for its dead letter too.
            assertEquals(List.of("v0"), seen);
            producer.completeNext();
            driver.advance(Duration.ofSeconds(1));
            assertEquals(List.of("v0", "v1"), seen);
            assertEquals(2, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldSendADeadLetterAgainAndStopWhenItIsNotTaken() {
        List<KafkaException> told = new ArrayList<>();
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(letters()).failureListener(told::add).handler(record -> {
            throw new IOException("no");
        }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.run();
            producer.errorNext(new KafkaException("leader gone"));
            driver.run();
            assertEquals(2, driver.deadLetters().size());
            producer.completeNext();
            driver.run();
            assertEquals(List.of(), driver.unfinished(P0));
            driver.feed(P0, "a", "v");
            for (int i = 0; i < 3; i++) {
                driver.run();
                producer.errorNext(new KafkaException("topic gone"));
            }
            driver.run();
            KafkaException failure = driver.failure().orElseThrow();
            assertTrue(failure.getMessage().contains("orders-0 offset 1") && failure.getMessage().contains("dead letter"), failure.toString());
            assertEquals("topic gone", failure.getCause().getMessage());
            assertEquals(List.of(failure), told);
            // The one that could not be sent is not committed.
            assertEquals(1, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldSendADeadLetterAgainThatTheProducerRefusedAtOnce() {
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(letters()).handler(record -> {
            throw new IOException("no");
        }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            producer.sendException = new KafkaException("too large");
            driver.run();
            assertEquals("too large", driver.failure().orElseThrow().getCause().getMessage());
            assertEquals(0, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldAskForTheTopicOfEachDeadLetter() {
        try (var driver = drive(builder().retry(RetryPolicy.never()).handler(record -> {
            throw new IOException("no");
        }).deadLetters(DeadLetters.toTopics(record -> record.topic() + "." + new String(record.key(), StandardCharsets.UTF_8), producer)))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.feed(P0, "b", "v");
            driver.run();
            assertEquals(List.of("orders.a", "orders.b"), driver.deadLetters().stream().map(ProducerRecord::topic).toList());
            driver.lose(List.of(P0));
        }
    }

    // ---------------------------------------------------------------- bytes that are no record

    private ParallelConsumer.Builder<String, Integer> integers() {
        return ParallelConsumer.<String, Integer>builder(config("value.deserializer", IntegerDeserializer.class)).topics("orders")
                .handler(record -> {
                    seen.add("handled " + record.value());
                });
    }

    private static void feedGoodBadGood(ParallelConsumerTestDriver<?, ?> driver) {
        driver.assign(P0);
        driver.feedBytes(P0, null, ByteBuffer.allocate(4).putInt(1).array());
        driver.feedBytes(P0, null, new byte[3]);
        driver.feedBytes(P0, null, ByteBuffer.allocate(4).putInt(2).array());
        driver.advance(Duration.ofSeconds(1));
    }

    @Test
    void shouldPutUndecodableRecordsToTheDeadLettersWhereThereAreSome() {
        try (var driver = ParallelConsumerTestDriver.of(integers().deadLetters(letters()))) {
            feedGoodBadGood(driver);
            assertEquals("1: 0 org.apache.kafka.common.errors.SerializationException", told(driver).get(0));
            assertArrayEquals(new byte[3], driver.deadLetters().get(0).value());
            assertEquals(1, driver.committed(P0).offset());
            producer.completeNext();
            driver.advance(Duration.ofSeconds(1));
            assertEquals(3, driver.committed(P0).offset());
        }
        assertEquals(List.of("handled 1", "handled 2"), seen);
    }

    /** Does what one does that follows a structure nested too deep. */
    public static final class Overflowing extends StringDeserializer {
        @Override
        public String deserialize(String topic, byte[] bytes) {
            throw new StackOverflowError();
        }

        @Override
        public String deserialize(String topic, Headers headers, ByteBuffer bytes) {
            throw new StackOverflowError();
        }
    }

    @Test
    void shouldTakeErrorsOfDeserializersForUndecodableRecords() {
        try (var driver = drive(builder("value.deserializer", Overflowing.class).undecodable(UndecodableRecords.SKIP)
                .handler(record -> { }))) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 2);
            driver.advance(Duration.ofSeconds(1));
            assertEquals(2, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldSkipUndecodableRecords() {
        try (var driver = ParallelConsumerTestDriver.of(integers().deadLetters(letters()).undecodable(UndecodableRecords.SKIP))) {
            feedGoodBadGood(driver);
            assertEquals(3, driver.committed(P0).offset());
            assertEquals(List.of(), driver.deadLetters());
        }
        assertEquals(List.of("handled 1", "handled 2"), seen);
    }

    @Test
    void shouldStopAtUndecodableRecords() {
        for (var builder : List.of(integers(), integers().deadLetters(letters()).undecodable(UndecodableRecords.STOP)))
            try (var driver = ParallelConsumerTestDriver.of(builder)) {
                feedGoodBadGood(driver);
                KafkaException failure = driver.failure().orElseThrow();
                assertTrue(failure.getMessage().contains("orders-0 offset 1"), failure.getMessage());
                assertEquals(1, driver.committed(P0).offset());
            }
        ConfigException refused = assertThrows(ConfigException.class,
                () -> ParallelConsumerTestDriver.of(integers().undecodable(UndecodableRecords.DEAD_LETTER)));
        assertTrue(refused.getMessage().contains("deadLetters"), refused.getMessage());
    }
}
