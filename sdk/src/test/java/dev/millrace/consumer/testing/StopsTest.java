package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.RebalanceListener;
import dev.millrace.consumer.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What ends a consumer, and what does not. */
class StopsTest {

    private final List<String> seen = new ArrayList<>();

    static Stream<KafkaException> fatal() {
        return Stream.of(new TopicAuthorizationException(Set.of("orders")), new GroupAuthorizationException("billing"),
                new SaslAuthenticationException("password"), new SslAuthenticationException("certificate"),
                new NoOffsetForPartitionException(P0), new OffsetOutOfRangeException(Map.of(P0, 7L)),
                new FencedInstanceIdException("another has its group.instance.id"), new InvalidGroupIdException("billing"),
                new InvalidTopicException(Set.of("or ders")), new UnsupportedVersionException("a broker of old"));
    }

    static Stream<KafkaException> passing() {
        return Stream.of(new KafkaException("who knows"), new TimeoutException("metadata"), new DisconnectException("gone"),
                new CoordinatorNotAvailableException("moving"));
    }

    @ParameterizedTest
    @MethodSource("fatal")
    void shouldStopWithTheReasonWhenPollingCannotSucceed(KafkaException failure) {
        List<KafkaException> told = new ArrayList<>();
        Given.Work work = new Given.Work();
        try (var driver = drive(builder().failureListener(told::add).asyncHandler((record, context) -> work.begin(record)))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 2);
            driver.run();
            work.end("0@0");
            assertFalse(driver.hasEnded());
            driver.failPoll(failure);
            driver.run();
            assertTrue(driver.hasEnded());
            assertSame(failure, driver.failure().orElseThrow());
            assertEquals(List.of(failure), told);
            // It ends as at close: what is done is committed.
            assertEquals(1, driver.committed(P0).offset());
        }
    }

    @ParameterizedTest
    @MethodSource("passing")
    void shouldPollAgainAfterAMomentWhenItMaySucceed(KafkaException failure) {
        try (var driver = drive(builder("retry.backoff.ms", 400).handler(record -> {
            seen.add(record.value());
        }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            Instant before = driver.now();
            driver.failPoll(failure);
            driver.failPoll(failure);
            driver.run();
            assertEquals(List.of("v"), seen);
            assertEquals(before.plusMillis(800), driver.now());
        }
    }

    @Test
    void shouldTellTheFailureListenerAfterAllIsOverAndSurviveIt() {
        List<Object> events = new ArrayList<>();
        var driver = drive(builder().failureListener(failure -> {
            events.add(failure.getMessage());
            throw new IllegalStateException("a listener's mistake");
        }).rebalanceListener(new RebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                events.add("revoked");
            }
        }).handler(record -> { }));
        driver.assign(P0);
        driver.failPoll(new GroupAuthorizationException("billing"));
        driver.run();
        assertEquals(List.of("revoked", driver.failure().orElseThrow().getMessage()), events);
        driver.close();
        assertEquals(2, events.size());
    }

    @Test
    void shouldNotCommitARecordItStoppedAt() {
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ofSeconds(1)).maxAttempts(2)).handler(record -> {
            seen.add(record.value());
            if (record.offset() == 1)
                throw new IllegalStateException("a poison pill");
        }))) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 3);
            driver.advance(Duration.ofSeconds(1));
            KafkaException failure = driver.failure().orElseThrow();
            assertTrue(failure.getMessage().contains("orders-0 offset 1") && failure.getMessage().contains("2 attempts"), failure.getMessage());
            assertEquals("a poison pill", failure.getCause().getMessage());
            assertEquals(1, driver.committed(P0).offset());
            assertEquals(List.of("v0", "v1", "v1"), seen);
        }
    }
}
