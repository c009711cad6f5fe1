package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.P1;
import static dev.millrace.consumer.testing.Given.TOPIC;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is fetched, and what is not: pauses, budgets, seeks, logs that begin again. */
class FlowTest {

    private final List<String> seen = new ArrayList<>();
    private final Given.Work work = new Given.Work();

    private ParallelConsumerTestDriver<String, String> noting(Object... config) {
        return drive(builder(config).handler(record -> {
            seen.add(record.partition() + "@" + record.offset());
        }));
    }

    private ParallelConsumerTestDriver<String, String> working(Object... config) {
        return drive(builder(config).asyncHandler((record, context) -> work.begin(record)));
    }

    // ---------------------------------------------------------------- pause and resume

    @Test
    void shouldFetchNothingWhilePausedNotEvenWhatIsAssignedThen() {
        try (var driver = noting()) {
            driver.assign(P0);
            driver.pause();
            driver.feed(P0, "a", "v");
            driver.feed(P1, "a", "v");
            driver.assign(P1);
            driver.advance(Duration.ofSeconds(1));
            assertEquals(List.of(), seen);
            assertEquals(Set.of(P0, P1), driver.paused());
            driver.resume();
            driver.run();
            assertEquals(List.of("0@0", "1@0"), seen);
        }
    }

    @Test
    void shouldPauseSinglePartitionsAlsoThoseThatComeLater() {
        try (var driver = noting()) {
            driver.assign(P0);
            driver.pause(List.of(P1));
            driver.feed(P0, "a", "v");
            driver.feed(P1, "a", "v");
            driver.assign(P1);
            driver.run();
            assertEquals(List.of("0@0"), seen);
            // It stays so when the partition goes and comes.
            driver.revoke(List.of(P1));
            driver.assign(P1);
            driver.run();
            assertEquals(List.of("0@0"), seen);
            driver.resume(List.of(P1));
            driver.run();
            assertEquals(List.of("0@0", "1@0"), seen);
        }
    }

    @Test
    void shouldHandleWhatWasFetchedBeforeThePause() {
        try (var driver = working()) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 2);
            driver.run();
            driver.pause();
            work.end("0@0");
            driver.run();
            assertEquals(List.of("0@0", "0@1"), work.begun());
            driver.close(() -> work.end("0@1"));
        }
        assertEquals(2, work.begun().size());
    }

    @Test
    void shouldNotMixUpAUsersPauseWithAFullPartition() {
        try (var driver = working("millrace.consumer.max.partition.in.flight.records", 2, "max.poll.records", 1)) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 10);
            driver.run();
            assertEquals(Set.of(P0), driver.paused());
            driver.pause(List.of(P0));
            driver.resume(List.of(P0));
            driver.run();
            assertEquals(2, work.begun().size(), "the user's resume does not make room");
            driver.pause(List.of(P0));
            work.end("0@0", "0@1");
            driver.run();
            assertEquals(2, work.begun().size(), "the user's pause is not ended by room");
            driver.resume(List.of(P0));
            driver.run();
            assertEquals(4, work.begun().size());
            driver.lose(List.of(P0));
        }
    }

    // ---------------------------------------------------------------- budgets

    @Test
    void shouldPauseOnlyThePartitionThatIsFullAndGoOnAtHalf() {
        try (var driver = working("millrace.consumer.max.partition.in.flight.records", 4, "max.poll.records", 1)) {
            driver.assign(P0, P1);
            Given.feedKeys(driver, P0, 20);
            Given.feedKeys(driver, P1, 3);
            driver.run();
            assertEquals(4, driver.unfinished(P0).size());
            assertEquals(3, driver.unfinished(P1).size());
            assertEquals(Set.of(P0), driver.paused());
            work.end("0@1", "0@2");
            driver.run();
            assertEquals(List.of(0L, 3L), driver.unfinished(P0));
            work.end("0@0");
            driver.run();
            assertEquals(List.of(3L, 4L, 5L, 6L), driver.unfinished(P0));
            driver.lose(List.of(P0, P1));
        }
    }

    @Test
    void shouldLeaveEachPartitionItsShareOfTheWholeBudget() {
        try (var driver = working("millrace.consumer.max.in.flight.records", 6, "millrace.consumer.concurrency", 6, "max.poll.records", 1,
                "millrace.consumer.max.partition.in.flight.records", 6)) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 20);
            driver.run();
            assertEquals(6, driver.unfinished(P0).size());
            Given.feedKeys(driver, P1, 20);
            driver.assign(P1);
            driver.run();
            assertEquals(6, driver.unfinished(P0).size());
            assertEquals(3, driver.unfinished(P1).size());
            assertEquals(Set.of(P0, P1), driver.paused());
            driver.lose(List.of(P0, P1));
        }
    }

    @Test
    void shouldCountBytes() {
        try (var driver = working("millrace.consumer.max.in.flight.bytes", 100, "max.poll.records", 1)) {
            driver.assign(P0);
            for (int i = 0; i < 5; i++)
                driver.feed(P0, "k" + i, "x".repeat(38));
            driver.run();
            assertEquals(3, driver.unfinished(P0).size());
            assertEquals(Set.of(P0), driver.paused());
            driver.lose(List.of(P0));
        }
    }

    @Test
    void shouldNotLetFailingKeysChokeTheOthersUpToTheParkedBudget() {
        for (int parked : new int[] {0, 5}) {
            seen.clear();
            try (var driver = drive(builder("millrace.consumer.max.parked.records", parked, "max.poll.records", 1,
                    "millrace.consumer.max.partition.in.flight.records", 4).retry(RetryPolicy.fixed(Duration.ofHours(1))).handler(record -> {
                        seen.add(record.key());
                        if (record.key().startsWith("bad"))
                            throw new IllegalStateException("not now");
                    }))) {
                driver.assign(P0);
                for (int i = 0; i < 20; i++)
                    driver.feed(P0, "bad" + i, "v");
                driver.feed(P0, "good", "v");
                driver.run();
                assertEquals(4 + parked, driver.unfinished(P0).size());
                assertEquals(Set.of(P0), driver.paused());
                driver.lose(List.of(P0));
            }
        }
    }

    @Test
    void shouldCountWhatWaitsBehindAParkedRecordAsParked() {
        try (var driver = drive(builder("millrace.consumer.max.parked.records", 100, "max.poll.records", 1,
                "millrace.consumer.max.partition.in.flight.records", 4).retry(RetryPolicy.fixed(Duration.ofHours(1))).handler(record -> {
                    seen.add(record.key());
                    if (record.key().equals("bad"))
                        throw new IllegalStateException("not now");
                }))) {
            driver.assign(P0);
            Given.feed(driver, P0, "bad", 20);
            driver.feed(P0, "good", "v");
            driver.run();
            assertEquals(List.of("bad", "good"), seen);
            driver.lose(List.of(P0));
        }
    }

    // ---------------------------------------------------------------- seek

    @Test
    void shouldSeekBackAndForth() {
        try (var driver = noting()) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 5);
            driver.advance(Duration.ofSeconds(1));
            driver.seek(P0, 3);
            driver.advance(Duration.ofSeconds(1));
            assertEquals(List.of("0@0", "0@1", "0@2", "0@3", "0@4", "0@3", "0@4"), seen);
            assertEquals(5, driver.committed(P0).offset());
            Given.feed(driver, P0, "a", 5);
            driver.seek(P0, 9);
            driver.advance(Duration.ofSeconds(1));
            assertEquals("0@9", seen.get(7));
            assertEquals(8, seen.size());
            assertEquals(10, driver.committed(P0).offset());
            assertTrue(assertThrows(IllegalStateException.class, () -> driver.seek(P1, 0)).getMessage().contains("orders-1"));
        }
    }

    @Test
    void shouldDropWhatIsQueuedWhenSeekingAndNotCountWhatStillRuns() {
        try (var driver = working("millrace.consumer.ordering", "partition")) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 6);
            driver.run();
            assertEquals(List.of("0@0"), work.begun());
            driver.seek(P0, 4);
            assertEquals(List.of(), driver.unfinished(P0));
            driver.run();
            assertEquals(List.of(4L, 5L), driver.unfinished(P0));
            work.end("0@0");
            driver.run();
            assertEquals(List.of("0@0", "0@4"), work.begun());
            driver.seek(P0, 1);
            work.fail("0@4", new IllegalStateException("of no interest any more"));
            driver.advance(Duration.ofSeconds(1));
            assertEquals(List.of("0@0", "0@4", "0@1"), work.begun());
            // Back to where it was sought, though more was done and committed before.
            assertEquals(1, driver.committed(P0).offset());
            driver.lose(List.of(P0));
        }
    }

    // ---------------------------------------------------------------- a log that begins again

    @Test
    void shouldBeginAgainWhenTheLogDoes() {
        try (var driver = working()) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 5);
            driver.run();
            work.end("0@0", "0@1", "0@2");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(3, driver.committed(P0).offset());
            driver.recreate(TOPIC);
            driver.feed(P0, "new", "0");
            driver.feed(P0, "new too", "1");
            driver.run();
            assertEquals(List.of("0@0", "0@1", "0@2", "0@3", "0@4", "0@0", "0@1"), work.begun());
            // Of the log that is gone.
            work.end("0@3", "0@4");
            driver.run();
            assertEquals(List.of(0L, 1L), driver.unfinished(P0));
            work.end("0@1");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(0, driver.committed(P0).offset());
            work.end("0@0");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(2, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldForgetWhatWasDoneOfATopicThatWasMadeAgain() {
        try (var driver = working()) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 3);
            driver.run();
            work.end("0@1", "0@2");
            driver.advance(Duration.ofSeconds(1));
            String metadata = driver.committed(P0).metadata();
            assertEquals(List.of(1L, 2L), driver.committed(P0).doneBeyond());
            driver.recreate(TOPIC);
            Given.feedKeys(driver, P0, 3);
            try (var next = driver.successor(builder().handler(record -> {
                seen.add(record.partition() + "@" + record.offset());
            }))) {
                next.commitOfOther(P0, 0, metadata);
                next.assign(P0);
                next.run();
                assertEquals(List.of("0@0", "0@1", "0@2"), seen);
            }
            driver.lose(List.of(P0));
        }
    }
}
