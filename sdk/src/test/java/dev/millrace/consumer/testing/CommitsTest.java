package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When offsets are committed, which, and what is made of those that were. */
class CommitsTest {

    private final List<Long> seen = new ArrayList<>();
    private final Given.Work work = new Given.Work();

    private ParallelConsumerTestDriver<String, String> working(Object... config) {
        return drive(builder(config).asyncHandler((record, context) -> work.begin(record)));
    }

    private static List<Long> offsets(ParallelConsumerTestDriver<?, ?> driver) {
        return driver.commits().stream().map(Commit::offset).toList();
    }

    // ---------------------------------------------------------------- when

    @Test
    void shouldCommitWhenTheIntervalIsOverAndThereIsSomethingNew() {
        try (var driver = working("millrace.consumer.commit.interval.ms", 5_000)) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 3);
            driver.run();
            work.end("0@0");
            driver.advance(Duration.ofMillis(4_999));
            assertNull(driver.committed(P0));
            driver.advance(Duration.ofMillis(1));
            assertEquals(List.of(1L), offsets(driver));
            driver.advance(Duration.ofMinutes(10));
            assertEquals(List.of(1L), offsets(driver));
            // Also when the offset is the same, but not what is done beyond it.
            work.end("0@2");
            driver.advance(Duration.ofSeconds(5));
            assertEquals(List.of(1L, 1L), offsets(driver));
            assertEquals(List.of(2L), driver.committed(P0).doneBeyond());
            work.end("0@1");
            driver.close(() -> { });
            assertEquals(new Commit(P0, 3, List.of(), ""), driver.committed(P0));
        }
    }

    @Test
    void shouldCommitWhenSoManyRecordsAreDone() {
        try (var driver = working("millrace.consumer.commit.interval.ms", 3_600_000, "millrace.consumer.commit.records", 3)) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 7);
            driver.run();
            work.end("0@0", "0@1");
            driver.run();
            assertEquals(List.of(), offsets(driver));
            work.end("0@2");
            driver.run();
            assertEquals(List.of(3L), offsets(driver));
            work.end("0@3", "0@4");
            driver.run();
            assertEquals(List.of(3L), offsets(driver));
            work.end("0@5");
            driver.run();
            assertEquals(List.of(3L, 6L), offsets(driver));
            driver.close(() -> work.end("0@6"));
        }
    }

    @Test
    void shouldNeverCommitWhatIsNotDone() {
        try (var driver = working()) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 10);
            driver.feedGap(P0, 2);
            driver.run();
            for (int last : new int[] {9, 5, 0, 1, 3}) {
                work.end("0@" + last);
                driver.advance(Duration.ofSeconds(1));
                Commit commit = driver.committed(P0);
                List<Long> open = driver.unfinished(P0);
                assertEquals(open.get(0), commit.offset());
                assertEquals(LongStream.range(commit.offset(), 12).boxed().filter(offset -> !open.contains(offset)).toList(),
                        commit.doneBeyond());
            }
            driver.lose(List.of(P0));
        }
    }

    // ---------------------------------------------------------------- when it fails

    @Test
    void shouldCommitWhatIsDoneByThenWhenACommitFailed() {
        for (KafkaException failure : List.of(new TimeoutException("slow"), new RebalanceInProgressException("soon"))) {
            Given.Work here = new Given.Work();
            try (var driver = drive(builder("retry.backoff.ms", 300).asyncHandler((record, context) -> here.begin(record)))) {
                driver.assign(P0);
                Given.feedKeys(driver, P0, 2);
                driver.run();
                here.end("0@0");
                driver.failCommit(failure);
                driver.advance(Duration.ofSeconds(1));
                assertEquals(List.of(), offsets(driver));
                here.end("0@1");
                driver.advance(Duration.ofMillis(299));
                assertEquals(List.of(), offsets(driver));
                driver.advance(Duration.ofMillis(1));
                assertEquals(List.of(2L), offsets(driver));
            }
        }
    }

    @Test
    void shouldTryAgainAtRevokeUntilTheDeadline() {
        try (var driver = working()) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.run();
            driver.failCommit(new TimeoutException("slow"));
            driver.failCommit(new TimeoutException("slow still"));
            driver.revoke(List.of(P0), () -> work.end("0@0"));
            assertEquals(List.of(1L), offsets(driver));
        }
    }

    @Test
    void shouldCommitWithoutMetadataWhenTheBrokerTakesLess() {
        try (var driver = working()) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 3);
            driver.run();
            work.end("0@1");
            driver.failCommit(new OffsetMetadataTooLarge("too large"));
            driver.advance(Duration.ofSeconds(2));
            assertEquals(new Commit(P0, 0, List.of(), ""), driver.committed(P0));
            work.end("0@0");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(new Commit(P0, 2, List.of(), ""), driver.committed(P0));
            driver.close(() -> work.end("0@2"));
        }
    }

    @Test
    void shouldStopWhenCommittingIsNotAllowed() {
        for (KafkaException failure : List.of(new GroupAuthorizationException("billing"), new FencedInstanceIdException("another one"))) {
            List<KafkaException> told = new ArrayList<>();
            try (var driver = drive(builder().failureListener(told::add).handler(record -> { }))) {
                driver.assign(P0);
                driver.feed(P0, "a", "v");
                driver.failCommit(failure);
                driver.advance(Duration.ofSeconds(1));
                assertSame(failure, driver.failure().orElseThrow());
                assertEquals(List.of(failure), told);
            }
        }
    }

    // ---------------------------------------------------------------- what was committed before

    @ParameterizedTest
    @ValueSource(strings = {"", "of some other tool", "millrace-done:", "millrace-done:AAAA", "another base", "damaged", "oversized", "null"})
    void shouldSkipNothingForMetadataThatAreNotItsOwn(String what) {
        String own = metadataOfADoneOffset3Behind2();
        String metadata = switch (what) {
            case "another base" -> own;
            case "damaged" -> own.substring(0, own.length() - 1) + (own.endsWith("A") ? "B" : "A");
            case "oversized" -> own + "A".repeat(100_000);
            case "null" -> null;
            default -> what;
        };
        try (var driver = drive(builder().handler(record -> {
            seen.add(record.offset());
        }))) {
            Given.feedKeys(driver, P0, 6);
            driver.commitOfOther(P0, what.equals("another base") ? 1 : 2, metadata);
            driver.assign(P0);
            driver.advance(Duration.ofSeconds(1));
            assertEquals(what.equals("another base") ? List.of(1L, 2L, 3L, 4L, 5L) : List.of(2L, 3L, 4L, 5L), seen);
            assertEquals(6, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldNotHandleAgainWhatMetadataOfItsOwnSay() {
        String own = metadataOfADoneOffset3Behind2();
        try (var driver = drive(builder().handler(record -> {
            seen.add(record.offset());
        }))) {
            Given.feedKeys(driver, P0, 6);
            driver.commitOfOther(P0, 2, own);
            driver.assign(P0);
            driver.run();
            assertEquals(List.of(2L, 4L, 5L), seen);
        }
    }

    private String metadataOfADoneOffset3Behind2() {
        Given.Work here = new Given.Work();
        try (var driver = drive(builder().asyncHandler((record, context) -> here.begin(record)))) {
            driver.assign(P0);
            Given.feedKeys(driver, P0, 4);
            driver.run();
            here.end("0@0", "0@1", "0@3");
            driver.advance(Duration.ofSeconds(1));
            assertEquals(2, driver.committed(P0).offset());
            assertTrue(driver.committed(P0).metadata().startsWith("millrace-done:"));
            assertFalse(driver.committed(P0).doneBeyond().isEmpty());
            driver.lose(List.of(P0));
            return driver.committed(P0).metadata();
        }
    }
}
