package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.P1;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.TransactionalHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** What a transactional handler sends, and what is committed with it. */
class TransactionsTest {

    private static final Duration INTERVAL = Duration.ofMillis(100);

    private final List<String> handled = new ArrayList<>();

    private static Map<String, Object> producer() {
        return new HashMap<>(Map.of("transactional.id", "billing-1", "key.serializer", StringSerializer.class,
                "value.serializer", StringSerializer.class));
    }

    private static ParallelConsumer.Builder<String, String> transactional(TransactionalHandler<String, String, String, String> handler,
                                                                          Object... config) {
        return builder(config).transactionalHandler(handler).transactionalProducer(producer());
    }

    /** Notes what it handled, and answers it. */
    private ParallelConsumer.Builder<String, String> answering(Object... config) {
        return transactional((record, output) -> {
            handled.add(record.value());
            output.send(answer(record));
        }, config);
    }

    private static ProducerRecord<String, String> answer(ConsumerRecord<String, String> record) {
        return new ProducerRecord<>("invoices", record.key(), "of " + record.value());
    }

    private static List<String> values(List<ProducerRecord<byte[], byte[]>> records) {
        return records.stream().map(record -> new String(record.value())).toList();
    }

    @Test
    void shouldCommitOutputsWithTheirOffsets() {
        try (var driver = drive(answering())) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 3);
            driver.run();
            assertEquals(List.of("v0", "v1", "v2"), handled);
            assertEquals(List.of(), driver.outputs());
            assertNull(driver.committed(P0));
            driver.advance(INTERVAL);
            assertEquals(List.of("of v0", "of v1", "of v2"), values(driver.outputs()));
            assertEquals(List.of(new Commit(P0, 3, List.of(), "")), driver.commits());
        }
    }

    @Test
    void shouldSendNothingOfWhatFailed() {
        var builder = transactional((record, output) -> {
            output.send(answer(record));
            if (record.value().equals("v0"))
                throw new IllegalArgumentException("no such customer");
        }).retry(RetryPolicy.fixed(Duration.ofSeconds(5)).maxAttempts(2)).deadLetters(DeadLetters.toTopic("orders.dead"));
        try (var driver = drive(builder)) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 2);
            driver.advance(INTERVAL);
            assertEquals(List.of("of v1"), values(driver.outputs()));
            assertEquals(0, driver.committed(P0).offset());
            assertEquals(List.of(1L), driver.committed(P0).doneBeyond());
            assertEquals(List.of(), driver.deadLetters());
            driver.advance(Duration.ofSeconds(5).plus(INTERVAL));
            assertEquals(List.of("of v1", "v0"), values(driver.outputs()));
            assertEquals(List.of("orders.dead"), driver.deadLetters().stream().map(ProducerRecord::topic).toList());
            assertEquals(2, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldSendTheSameAgainWhenATransactionIsAborted() {
        try (var driver = drive(answering("retry.backoff.ms", 300))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 2);
            driver.run();
            driver.failCommit(new TimeoutException("slow"));
            driver.advance(INTERVAL);
            assertEquals(List.of(), driver.outputs());
            assertEquals(List.of(), driver.commits());
            driver.advance(Duration.ofMillis(300));
            assertEquals(List.of("of v0", "of v1"), values(driver.outputs()));
            assertEquals(2, driver.committed(P0).offset());
            assertEquals(List.of("v0", "v1"), handled);
        }
    }

    /** The refusal is a failed attempt: what came after it is handled again behind it, and it is a dead letter in the end. */
    @Test
    void shouldHandleAgainWhatIsRefused() {
        var builder = answering().retry(RetryPolicy.fixed(Duration.ofSeconds(1)).maxAttempts(2))
                .deadLetters(DeadLetters.toTopic("orders.dead"));
        try (var driver = drive(builder)) {
            driver.assign(P0);
            Given.feed(driver, P0, "k", 3);
            driver.run();
            driver.failOutput(new RecordTooLargeException("1,048,576 are allowed"));
            driver.failOutput(new RecordTooLargeException("1,048,576 are allowed"));
            driver.advance(Duration.ofSeconds(10));
            assertEquals(3, driver.committed(P0).offset());
            assertEquals(List.of("v0", "of v1", "of v2"), values(driver.outputs()));
            assertEquals(1, driver.deadLetters().size());
            assertEquals(List.of("v0", "v1", "v2"), handled.subList(0, 3));
            assertEquals(List.of("v1", "v2"), handled.subList(handled.size() - 2, handled.size()));
        }
    }

    @Test
    void shouldFinishItsTransactionAtARevoke() {
        try (var driver = drive(answering("retry.backoff.ms", 300))) {
            driver.assign(P0, P1);
            driver.feed(P0, "a", "v0");
            driver.feed(P1, "b", "v1");
            driver.run();
            driver.failCommit(new TimeoutException("slow"));
            driver.revoke(List.of(P0));
            assertEquals(Set.of("of v0", "of v1"), Set.copyOf(values(driver.outputs())));
            assertEquals(1, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldCommitNothingOfWhatIsLost() {
        try (var driver = drive(answering())) {
            driver.assign(P0, P1);
            driver.feed(P0, "a", "v0");
            driver.feed(P1, "b", "v1");
            driver.run();
            driver.lose(List.of(P0));
            driver.advance(INTERVAL);
            assertEquals(List.of("of v1"), values(driver.outputs()));
            assertNull(driver.committed(P0));
        }
    }

    @Test
    void shouldGoOnWhereACrashedOneCommitted() {
        var crashed = drive(answering());
        crashed.assign(P0);
        Given.feedKeys(crashed, P0, 2);
        crashed.advance(INTERVAL);
        crashed.feed(P0, "k", "v2");
        crashed.run();
        handled.clear();
        try (var next = crashed.successor(answering())) {
            next.assign(P0);
            next.advance(INTERVAL);
            assertEquals(List.of("v2"), handled);
            assertEquals(List.of("of v2"), values(next.outputs()));
        }
    }

    @Test
    void shouldEndWhenItsProducerIsFencedOrMayNotSend() {
        for (KafkaException failure : List.of(new ProducerFencedException("another one"), new TopicAuthorizationException(Set.of("invoices"))))
            try (var driver = drive(answering())) {
                driver.assign(P0);
                driver.feed(P0, "a", "v0");
                driver.failCommit(failure);
                driver.advance(INTERVAL);
                assertSame(failure, driver.failure().orElseThrow().getCause());
                assertEquals(List.of(), driver.outputs());
            }
    }

    /** Small records that bring much: while it is not committed, no more is fetched than there is room for. */
    @Test
    void shouldCountWhatIsKeptAsInFlight() {
        var builder = transactional((record, output) -> output.send(new ProducerRecord<>("invoices", "x".repeat(1_000_000))),
                "millrace.consumer.max.in.flight.bytes", 5_000_000, "millrace.consumer.transaction.interval.ms", 60_000,
                "max.poll.records", 1);
        try (var driver = drive(builder)) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 20);
            driver.run();
            assertEquals(Set.of(P0), driver.paused());
            assertTrue(driver.unfinished(P0).size() < 10, driver.unfinished(P0) + " are kept");
            driver.failCommit(new TimeoutException("slow"));
            driver.advance(Duration.ofMinutes(1));
            // Those that were sent in vain are kept still.
            assertEquals(Set.of(P0), driver.paused());
            driver.advance(Duration.ofMinutes(10));
            assertEquals(20, driver.outputs().size());
            assertEquals(Set.of(), driver.paused());
        }
    }

    @Test
    void shouldCheckAProducerThatIsNotMade() {
        var noId = producer();
        noId.remove("transactional.id");
        assertThrows(ConfigException.class, () -> drive(builder().transactionalHandler((record, output) -> { }).transactionalProducer(noId)));
        try (var driver = drive(builder().transactionalHandler((record, output) -> { })
                .transactionalProducer(() -> {
                    throw new AssertionError("the application's producer was made");
                }, new StringSerializer(), new StringSerializer()))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.advance(INTERVAL);
            assertEquals(1, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldSayThatAnotherHandlerSendsNothing() {
        try (var driver = drive(builder().handler(record -> { }))) {
            assertThrows(IllegalStateException.class, driver::outputs);
            assertThrows(IllegalStateException.class, () -> driver.failOutput(new RecordTooLargeException("large")));
        }
    }
}
