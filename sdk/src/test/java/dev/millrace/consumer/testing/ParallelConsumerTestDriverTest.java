package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.P1;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.config;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RecordOutcome;
import dev.millrace.consumer.RetryPolicy;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

class ParallelConsumerTestDriverTest {

    /** A connection that no test has. */
    @SuppressWarnings("unchecked") // a proxy is of no generic type
    private static Producer<byte[], byte[]> producer() {
        return (Producer<byte[], byte[]>) Proxy.newProxyInstance(Producer.class.getClassLoader(), new Class<?>[] {Producer.class},
                (proxy, method, args) -> {
                    throw new AssertionError("the application's producer was used: " + method);
                });
    }

    private interface OrderService {
        void handle(String order);
    }

    /** The example in docs/consumer.md and in the driver's javadoc. */
    @Test
    void shouldTestAHandlerAsInTheManual() {
        Producer<byte[], byte[]> producer = producer();
        OrderService service = order -> {
            if (order.contains("refuses"))
                throw new IllegalArgumentException("no such customer");
        };

        var builder = ParallelConsumer.<String, String>builder(config())
                .topics("orders")
                .handler(record -> service.handle(record.value()))
                .retry(RetryPolicy.fixed(Duration.ofSeconds(5)).maxAttempts(2))
                .deadLetters(DeadLetters.toTopic("orders.dead", producer));
        var orders = new TopicPartition("orders", 0);
        try (var driver = ParallelConsumerTestDriver.of(builder, new StringSerializer(), new StringSerializer())) {
            driver.assign(orders);
            driver.feed(orders, "customer-1", "an order the service refuses");
            driver.feed(orders, "customer-2", "another");
            driver.run();                                     // the first failed and waits, the second is done
            assertEquals(List.of(0L), driver.unfinished(orders));
            driver.advance(Duration.ofSeconds(5));            // it fails again: a dead letter
            assertEquals("orders.dead", driver.deadLetters().get(0).topic());
            driver.advance(Duration.ofSeconds(1));            // the commit interval
            assertEquals(2, driver.committed(orders).offset());
        }
    }

    @Test
    void shouldReadOnlyWhatIsAssigned() {
        List<String> seen = new ArrayList<>();
        try (var driver = drive(builder().handler(record -> {
            seen.add(record.partition() + record.key() + record.value());
        }))) {
            driver.feed(P0, "a", "1");
            driver.run();
            assertEquals(List.of(), seen);
            driver.assign(P0);
            driver.run();
            assertEquals(List.of("0a1"), seen);
            driver.feed(P1, "b", "2");
            driver.assign(P1);
            driver.run();
            assertEquals(List.of("0a1", "1b2"), seen);
            driver.revoke(List.of(P0));
            driver.feed(P0, "a", "3");
            driver.run();
            assertEquals(List.of(P1), List.copyOf(driver.assignment()));
            assertEquals(2, seen.size());
            assertThrows(IllegalArgumentException.class, () -> driver.revoke(List.of(P0)));
        }
    }

    @Test
    void shouldGiveHandlersWhatWasFed() {
        List<String> seen = new ArrayList<>();
        try (var driver = drive(builder().topics(Pattern.compile("or.*")).topics(List.of()).handler(record -> {
            seen.add(record.offset() + " " + record.timestamp() + " " + record.headers().lastHeader("h") + " " + record.key());
        }))) {
            driver.assign(P0);
            long start = driver.now().toEpochMilli();
            assertEquals(0, driver.feed(P0, null, "now"));
            driver.feedGap(P0, 3);
            driver.tick(Duration.ofMillis(7));
            assertEquals(4, driver.feed(P0, "k", "later"));
            ProducerRecord<String, String> own = new ProducerRecord<>("orders", null, 42L, "k", "v");
            assertEquals(5, driver.feed(own));
            driver.feedGap(P0, 2);
            driver.advance(Duration.ofSeconds(1));
            assertEquals(List.of("0 " + start + " null null", "4 " + (start + 7) + " null k", "5 42 null k"), seen);
            // Over the gap behind the last record, too.
            assertEquals(8, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldTakeBytes() {
        List<String> seen = new ArrayList<>();
        try (var driver = ParallelConsumerTestDriver.of(builder().handler(record -> {
            seen.add(record.value());
        }))) {
            driver.assign(P0);
            driver.feedBytes(P0, null, "raw".getBytes(StandardCharsets.UTF_8));
            driver.feedBytes(P0, null, null);
            driver.run();
            assertEquals(java.util.Arrays.asList("raw", null), seen);
            assertTrue(assertThrows(IllegalStateException.class, () -> driver.feed(P0, "a", "b")).getMessage().contains("feedBytes"));
        }
    }

    @Test
    void shouldServeEachKindOfHandler() {
        List<String> seen = new ArrayList<>();
        Given.Work work = new Given.Work();
        try (var driver = drive(builder().asyncHandler((record, context) -> work.begin(record)))) {
            driver.assign(P0);
            Given.feed(driver, P0, "k", 2);
            driver.run();
            assertEquals(List.of("0@0"), work.begun());
            work.end("0@0");
            driver.run();
            assertEquals(List.of("0@0", "0@1"), work.begun());
            assertEquals(List.of(1L), driver.unfinished(P0));
            driver.close(() -> work.end("0@1"));
            assertEquals(2, driver.committed(P0).offset());
        }
        try (var driver = drive(builder().batchHandler(records -> {
            seen.add("batch of " + records.size());
            return records.stream().map(record -> RecordOutcome.handled()).toList();
        }))) {
            driver.assign(P0);
            Given.feed(driver, P0, "k", 5);
            driver.run();
        }
        try (var driver = drive(builder().handler((record, context) -> seen.add("attempt " + context.attempt())))) {
            driver.assign(P0);
            driver.feed(P0, "k", "v");
            driver.run();
        }
        assertEquals(List.of("batch of 5", "attempt 1"), seen);
    }

    @Test
    void shouldKeepAsynchronousHandlersToTheConcurrency() {
        Given.Work work = new Given.Work();
        try (var driver = drive(builder().concurrency(2).asyncHandler((record, context) -> work.begin(record)))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 5);
            driver.run();
            assertEquals(2, work.begun().size());
            driver.concurrency(3);
            driver.run();
            assertEquals(3, work.begun().size());
            driver.concurrency(1);
            work.end("0@0", "0@1");
            driver.run();
            assertEquals(3, work.begun().size());
            work.end("0@2");
            driver.run();
            assertEquals(4, work.begun().size());
            assertThrows(IllegalArgumentException.class, () -> driver.concurrency(0));
            driver.lose(List.of(P0));
        }
    }

    @Test
    void shouldPassTimeOnlyWhenToldTo() {
        List<Instant> handled = new ArrayList<>();
        var clock = new java.time.Clock[1];
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ofMinutes(10)).maxAttempts(3)).handler((record, context) -> {
            handled.add(clock[0].instant());
            if (context.attempt() < 3)
                throw new IllegalStateException("not yet");
        }))) {
            clock[0] = driver.clock();
            Instant start = driver.now();
            driver.assign(P0);
            driver.feed(P0, "k", "v");
            driver.run();
            driver.run();
            assertEquals(List.of(new WaitingRecord(P0, 0, 1, start.plusSeconds(600))), driver.waiting());
            driver.advance(Duration.ofMinutes(30));
            // Each at its time, though it was advanced in one go.
            assertEquals(List.of(start, start.plusSeconds(600), start.plusSeconds(1200)), handled);
            assertEquals(start.plusSeconds(1800), driver.now());
            assertThrows(IllegalArgumentException.class, () -> driver.tick(Duration.ofMillis(-1)));
        }
    }

    @Test
    void shouldGoOnWhereThePredecessorWas() {
        List<Long> again = new ArrayList<>();
        Given.Work work = new Given.Work();
        try (var driver = drive(builder().asyncHandler((record, context) -> work.begin(record)))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 4);
            driver.run();
            work.end("0@1", "0@3");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(new Commit(P0, 0, List.of(1L, 3L), driver.committed(P0).metadata()), driver.committed(P0));
            assertEquals(List.of(driver.committed(P0)), driver.commits());
            // It is killed. What it did without having committed it is done again.
            work.end("0@0");
            driver.run();
            try (var next = driver.successor(builder().handler(record -> {
                again.add(record.offset());
            }))) {
                next.assign(P0);
                next.run();
            }
            assertEquals(List.of(0L, 2L), again);
            work.end("0@2");
            driver.lose(List.of(P0));
        }
    }

    @Test
    void shouldBeginWhereTheResetSays() {
        List<String> seen = new ArrayList<>();
        for (String reset : List.of("latest", "by_duration:PT1M", "none"))
            try (var driver = drive(builder("auto.offset.reset", reset).handler(record -> {
                seen.add(record.value());
            }))) {
                driver.feed(P0, "k", "old");
                driver.tick(Duration.ofMinutes(2));
                driver.feed(P0, "k", "recent");
                driver.tick(Duration.ofSeconds(30));
                driver.assign(P0);
                driver.feed(P0, "k", "new");
                driver.run();
                if (reset.equals("none"))
                    assertTrue(driver.failure().orElseThrow().getMessage().contains("offset"), driver.failure().toString());
            }
        assertEquals(List.of("new", "recent", "new"), seen);
    }

    @Test
    void shouldFailATestThatDoesNotLookAtTheFailure() {
        var careless = drive(builder().retry(RetryPolicy.never()).handler(record -> {
            throw new IllegalStateException("a mistake");
        }));
        careless.assign(P0);
        careless.feed(P0, "k", "v");
        careless.run();
        assertTrue(careless.hasEnded());
        KafkaException failure = assertThrows(KafkaException.class, careless::close);
        assertTrue(failure.getMessage().contains("offset 0"), failure.getMessage());
        assertThrows(KafkaException.class, careless::close);
        assertSame(failure.getCause(), careless.failure().orElseThrow());
        careless.close();
        assertThrows(IllegalStateException.class, () -> careless.assign(P1));
        careless.run();
    }

    @Test
    void shouldSayThatItDoesNotComeToRest() {
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ZERO)).handler(record -> {
            throw new IllegalStateException("ever and ever");
        }))) {
            driver.assign(P0);
            driver.feed(P0, "k", "v");
            assertTrue(assertThrows(IllegalStateException.class, driver::run).getMessage().contains("retry"));
        }
    }

    @Test
    void shouldNotBeRunByAHandler() {
        var self = new ArrayList<ParallelConsumerTestDriver<String, String>>();
        List<Exception> refused = new ArrayList<>();
        try (var driver = drive(builder().handler(record -> {
            refused.add(assertThrows(IllegalStateException.class, self.get(0)::run));
        }))) {
            self.add(driver);
            driver.assign(P0);
            driver.feed(P0, "k", "v");
            driver.run();
        }
        assertTrue(refused.get(0).getMessage().contains("tick"));
    }

    @Test
    void shouldUseTheTestsOwnProducerForDeadLetters() {
        var producer = new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(DeadLetters.toTopic("dead", producer))
                .handler(record -> {
                    throw new IllegalStateException("no");
                }))) {
            driver.assign(P0);
            driver.feed(P0, "k", "v");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(1, driver.deadLetters().size());
            assertEquals(List.of(0L), driver.unfinished(P0));
            assertEquals(0, driver.committed(P0).offset());
            assertTrue(producer.completeNext());
            driver.run();
            assertEquals(List.of(), driver.unfinished(P0));
        }
        try (var driver = drive(builder().handler(record -> { }))) {
            assertThrows(IllegalStateException.class, driver::deadLetters);
            assertNull(driver.committed(P0));
            assertFalse(driver.hasEnded());
        }
    }
}
