package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.P1;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RetryPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** Not before a time, not after a time, and handlers that take too long. */
class TimesTest {

    private static final Instant START = ManualClock.START;
    private final List<String> seen = new ArrayList<>();

    // ---------------------------------------------------------------- not before

    @Test
    void shouldWaitForARecordsTime() {
        try (var driver = drive(builder().notBefore(record -> record.value().isEmpty() ? null : START.plusSeconds(Long.parseLong(record.value())))
                .handler((record, context) -> seen.add(record.key() + record.value() + "#" + context.attempt())))) {
            driver.assign(P0);
            driver.feed(P0, "a", "60");
            driver.feed(P0, "b", "30");
            driver.feed(P0, "a", "");
            driver.feed(P0, "c", "");
            driver.feed(P0, "d", "0");
            driver.advance(Duration.ofMillis(29_999));
            assertEquals(List.of("c#1", "d0#1"), seen);
            assertEquals(List.of(new WaitingRecord(P0, 1, 0, START.plusSeconds(30)), new WaitingRecord(P0, 0, 0, START.plusSeconds(60))),
                    driver.waiting());
            assertEquals(0, driver.committed(P0).offset());
            driver.advance(Duration.ofMillis(1));
            assertEquals(List.of("c#1", "d0#1", "b30#1"), seen);
            driver.advance(Duration.ofSeconds(31));
            // What waited behind it, and is for any time, comes after it. Waiting is no attempt.
            assertEquals(List.of("c#1", "d0#1", "b30#1", "a60#1", "a#1"), seen);
            assertEquals(5, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldTakeANotBeforeThatThrowsForAFailureOfTheRecord() {
        var producer = new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(DeadLetters.toTopic("dead", producer))
                .notBefore(record -> Instant.parse(record.value())).handler(record -> {
                    seen.add(record.value());
                }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "no time");
            driver.feed(P0, "a", "2020-01-01T00:00:00Z");
            driver.run();
            assertEquals("no time", new String(driver.deadLetters().get(0).value(), StandardCharsets.UTF_8));
            assertEquals(List.of("2020-01-01T00:00:00Z"), seen);
        }
    }

    @Test
    void shouldAskANotBeforeThatThrowsAsOftenAsAHandler() {
        List<Instant> asked = new ArrayList<>();
        ParallelConsumerTestDriver<?, ?>[] self = new ParallelConsumerTestDriver<?, ?>[1];
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ofSeconds(1)).maxAttempts(3)).notBefore(record -> {
            asked.add(self[0].now());
            throw new StackOverflowError("an error, even");
        }).handler(record -> {
            seen.add(record.value());
        }))) {
            self[0] = driver;
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.advance(Duration.ofSeconds(10));
            assertEquals(List.of(START, START.plusSeconds(1), START.plusSeconds(2)), asked);
            assertTrue(driver.failure().orElseThrow().getMessage().contains("3 attempts"), driver.failure().toString());
            assertEquals(List.of(), seen);
        }
    }

    @Test
    void shouldCountWhatWaitsForItsTimeAgainstTheParkedBudget() {
        try (var driver = drive(builder("millrace.consumer.max.parked.records", 3, "millrace.consumer.max.partition.in.flight.records", 5,
                "max.poll.records", 1).notBefore(record -> record.partition() == 0 ? START.plusSeconds(60) : null).handler(record -> {
                    seen.add(record.partition() + "@" + record.offset());
                }))) {
            driver.assign(P0, P1);
            Given.feedKeys(driver, P0, 20);
            Given.feedKeys(driver, P1, 20);
            driver.run();
            // Three for free and five that count; the other partition does not notice.
            assertEquals(8, driver.unfinished(P0).size());
            assertEquals(Set.of(P0), driver.paused());
            assertEquals(20, seen.size());
            driver.advance(Duration.ofSeconds(60));
            assertEquals(40, seen.size());
            assertEquals(Set.of(), driver.paused());
        }
    }

    // ---------------------------------------------------------------- not after

    @Test
    void shouldNotHandleWhatIsTooOldButBeDoneWithIt() {
        try (var driver = drive(builder().expireAfter(Duration.ofSeconds(10)).handler(record -> {
            seen.add(record.value());
        }))) {
            driver.assign(P0);
            long now = driver.now().toEpochMilli();
            driver.feed(new ProducerRecord<>("orders", 0, now - 10_001, "a", "too old"));
            driver.feed(new ProducerRecord<>("orders", 0, now - 10_000, "a", "just in time"));
            driver.feed(P0, "a", "new");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(List.of("just in time", "new"), seen);
            assertEquals(3, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldNotForgetARecordBecauseItGrewOldBetweenTwoAttempts() {
        try (var driver = drive(builder().expireAfter(Duration.ofSeconds(10)).retry(RetryPolicy.fixed(Duration.ofSeconds(20)))
                .handler((record, context) -> {
                    seen.add(record.value() + "#" + context.attempt());
                    if (context.attempt() == 1)
                        throw new IllegalStateException("not yet");
                }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.advance(Duration.ofSeconds(20));
            assertEquals(List.of("v#1", "v#2"), seen);
        }
    }

    @Test
    void shouldLetExpireWhatWaitedTooLongForItsTime() {
        try (var driver = drive(builder().expireAfter(Duration.ofSeconds(10)).notBefore(record -> START.plusSeconds(11)).handler(record -> {
            seen.add(record.value());
        }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.advance(Duration.ofSeconds(12));
            assertEquals(List.of(), seen);
            assertEquals(1, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldRefuseAnAgeThatIsNone() {
        for (Duration age : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofNanos(999_999))) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> builder().expireAfter(age));
            assertTrue(refused.getMessage().contains("1 millisecond or longer, was " + age), refused.getMessage());
        }
        builder().expireAfter(Duration.ofMillis(1));
    }

    // ---------------------------------------------------------------- too long

    @Test
    void shouldReportAHungHandlerOnceAnAttempt() {
        Given.Work work = new Given.Work();
        try (var driver = drive(builder("millrace.consumer.handler.timeout.ms", 5_000).asyncHandler((record, context) -> work.begin(record))
                .retry(RetryPolicy.fixed(Duration.ZERO)).hungHandlerListener((partition, offset, since) -> {
                    seen.add(partition + "@" + offset + " " + since.toSeconds());
                    throw new IllegalStateException("a listener's mistake");
                }))) {
            driver.assign(P0, P1);
            Given.feedKeys(driver, P0, 2);
            driver.run();
            driver.advance(Duration.ofSeconds(2));
            work.end("0@0");
            Given.feedKeys(driver, P1, 1);
            driver.advance(Duration.ofMillis(2_900));
            assertEquals(List.of(), seen);
            driver.advance(Duration.ofSeconds(2));
            assertEquals(List.of("orders-0@1 5"), seen);
            driver.advance(Duration.ofMinutes(10));
            assertEquals(List.of("orders-0@1 5", "orders-1@0 5"), seen);
            // Tried again, it is looked at anew.
            work.fail("0@1", new IllegalStateException("at last"));
            driver.advance(Duration.ofSeconds(7));
            assertEquals(3, seen.size());
            driver.close(() -> work.end("0@1", "1@0"));
        }
    }

    @Test
    void shouldReportNoHungHandlersWhenThatIsOff() {
        Given.Work work = new Given.Work();
        try (var driver = drive(builder("millrace.consumer.handler.timeout.ms", 0).asyncHandler((record, context) -> work.begin(record))
                .hungHandlerListener((partition, offset, since) -> seen.add("hung")))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.advance(Duration.ofHours(1));
            assertEquals(List.of(), seen);
            driver.lose(List.of(P0));
        }
    }
}
