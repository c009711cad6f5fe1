package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.P1;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.consumer.RecordContext;
import dev.millrace.consumer.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** Partitions that come and go. */
class RebalancesTest {

    private final List<String> events = new ArrayList<>();
    private final Given.Work work = new Given.Work();
    /** What was committed at the time of an event. */
    private Supplier<Object> committed = () -> "";

    private final class Noting implements RebalanceListener {

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            note("assigned", partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            note("revoked", partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            note("lost", partitions);
        }

        private void note(String what, Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty())
                events.add(what + " " + partitions.stream().map(TopicPartition::toString).sorted().toList() + committed.get());
        }
    }

    private ParallelConsumerTestDriver<String, String> working(Object... config) {
        return drive(builder(config).rebalanceListener(new Noting()).asyncHandler((record, context) -> work.begin(record)));
    }

    private static Object offset(ParallelConsumerTestDriver<?, ?> driver, TopicPartition partition) {
        return driver.committed(partition) == null ? "nothing" : driver.committed(partition).offset();
    }

    // ---------------------------------------------------------------- revoked

    @Test
    void shouldDrainThenTellThenCommitWhenRevoked() {
        try (var driver = working()) {
            committed = () -> " " + offset(driver, P0);
            driver.assign(P0, P1);
            Given.feed(driver, P0, "a", 3);
            driver.run();
            driver.revoke(List.of(P0), () -> {
                events.add("ends" + committed.get());
                work.end("0@0");
            });
            assertEquals(List.of("assigned [orders-0, orders-1] nothing", "ends nothing", "revoked [orders-0] nothing"), events);
            // What was queued behind it was dropped.
            assertEquals(List.of("0@0"), work.begun());
            assertEquals(1, driver.committed(P0).offset());
            driver.run();
            assertEquals(List.of("0@0"), work.begun());
        }
        assertEquals("revoked [orders-1] 1", events.get(events.size() - 1));
    }

    @Test
    void shouldDoTheSameAtClose() {
        try (var driver = working()) {
            committed = () -> " " + offset(driver, P0);
            driver.assign(P0);
            Given.feed(driver, P0, "a", 3);
            driver.run();
            driver.close(() -> work.end("0@0"));
            assertEquals(List.of("assigned [orders-0] nothing", "revoked [orders-0] nothing"), events);
            assertEquals(1, driver.committed(P0).offset());
        }
        assertEquals(2, events.size());
    }

    @Test
    void shouldGiveUpAtTheDeadlineAndNotCommitWhatStillRuns() {
        RecordContext[] context = new RecordContext[1];
        try (var driver = drive(builder("millrace.consumer.drain.timeout.ms", 2_000).asyncHandler((record, token) -> {
            context[0] = token;
            return work.begin(record);
        }))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 2);
            driver.run();
            work.end("0@1");
            assertFalse(context[0].isRevoked());
            Instant before = driver.now();
            driver.revoke(List.of(P0), () -> assertTrue(context[0].isRevoked()));
            assertEquals(before.plusSeconds(2), driver.now());
            assertEquals(0, driver.committed(P0).offset());
            assertEquals(List.of(1L), driver.committed(P0).doneBeyond());
            // Too late: it is of an assignment that is over, also when the partition is here again.
            driver.assign(P0);
            driver.run();
            assertEquals(List.of("0@0", "0@1"), work.begun());
            work.end("0@0");
            driver.run();
            // The key's next record did not begin before the old one had ended.
            assertEquals(List.of("0@0", "0@1", "0@0"), work.begun());
            driver.advance(Duration.ofSeconds(1));
            assertEquals(0, driver.committed(P0).offset());
            work.end("0@0");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(2, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldFollowADeadLetterThatIsOnItsWayAtRevoke() {
        var producer = new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        try (var driver = drive(builder().retry(RetryPolicy.never()).deadLetters(DeadLetters.toTopic("dead", producer)).handler(record -> {
            throw new IllegalStateException("no");
        }))) {
            driver.assign(P0, P1);
            driver.feed(P0, "a", "v");
            driver.feed(P1, "a", "v");
            driver.run();
            driver.revoke(List.of(P0), producer::completeNext);
            assertEquals(1, driver.committed(P0).offset());
            // One that is not taken is not sent again, for the next owner does.
            driver.revoke(List.of(P1), () -> producer.errorNext(new IllegalStateException("gone")));
            assertEquals(0, driver.committed(P1).offset());
            assertEquals(2, driver.deadLetters().size());
        }
    }

    @Test
    void shouldForgetWhatWaitsForARetryWhenRevoked() {
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ofSeconds(5))).handler((record, context) -> {
            events.add(record.value() + "#" + context.attempt());
            if (record.offset() == 0)
                throw new IllegalStateException("no");
        }))) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 2);
            driver.feed(P0, "b", "other");
            driver.run();
            Instant before = driver.now();
            driver.revoke(List.of(P0));
            assertEquals(before, driver.now(), "nothing to wait for");
            assertEquals(List.of(), driver.waiting());
            assertEquals(0, driver.committed(P0).offset());
            assertEquals(List.of(2L), driver.committed(P0).doneBeyond());
            driver.advance(Duration.ofMinutes(1));
            assertEquals(List.of("v0#1", "other#1"), events);
            // Attempts are counted by assignment.
            driver.assign(P0);
            driver.run();
            assertEquals(List.of("v0#1", "other#1", "v0#1"), events);
        }
    }

    // ---------------------------------------------------------------- lost

    @Test
    void shouldNeitherWaitNorCommitWhenLost() {
        RecordContext[] context = new RecordContext[1];
        try (var driver = drive(builder().rebalanceListener(new Noting()).asyncHandler((record, token) -> {
            context[0] = token;
            return work.begin(record);
        }))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 3);
            driver.run();
            work.end("0@0");
            Instant before = driver.now();
            driver.lose(List.of(P0));
            assertEquals(before, driver.now());
            assertTrue(context[0].isRevoked());
            assertNull(driver.committed(P0));
            work.end("0@1", "0@2");
            driver.advance(Duration.ofSeconds(5));
            assertNull(driver.committed(P0));
            assertEquals(List.of("assigned [orders-0]", "lost [orders-0]"), events);
            driver.assign(P0);
            driver.run();
            assertEquals(6, work.begun().size());
            driver.lose(List.of(P0));
        }
        assertEquals(List.of(), work.begun().subList(6, work.begun().size()));
    }

    @Test
    void shouldNotMindTheFailureOfARecordThatIsAnothersNow() {
        try (var driver = drive(builder().retry(RetryPolicy.never()).asyncHandler((record, context) -> work.begin(record)))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.run();
            driver.lose(List.of(P0));
            work.fail("0@0", new IllegalStateException("too late to matter"));
            driver.run();
            assertFalse(driver.hasEnded());
        }
    }

    @Test
    void shouldGoOnWithOthersWhenSomeAreLost() {
        try (var driver = working()) {
            driver.assign(P0, P1);
            driver.feed(P0, "a", "v");
            driver.feed(P1, "a", "v");
            driver.run();
            driver.lose(List.of(P0));
            work.end("0@0", "1@0");
            driver.advance(Duration.ofSeconds(1));
            assertNull(driver.committed(P0));
            assertEquals(1, driver.committed(P1).offset());
        }
    }

    // ---------------------------------------------------------------- listeners that throw

    @Test
    void shouldGoOnWhenTheRebalanceListenerThrows() {
        RebalanceListener throwing = new RebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                throw new IllegalStateException("assigned");
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                throw new IllegalStateException("revoked");
            }

            @Override
            public void onPartitionsLost(Collection<TopicPartition> partitions) {
                throw new IllegalStateException("lost");
            }
        };
        try (var driver = drive(builder().rebalanceListener(throwing).handler(record -> {
            events.add(record.value());
        }))) {
            driver.assign(P0, P1);
            driver.feed(P0, "a", "v");
            driver.run();
            driver.revoke(List.of(P0));
            assertEquals(1, driver.committed(P0).offset());
            driver.lose(List.of(P1));
            driver.assign(P1);
            driver.feed(P1, "a", "w");
            driver.run();
            assertEquals(List.of("v", "w"), events);
        }
    }
}
