package dev.millrace.consumer.testing;

import static dev.millrace.consumer.testing.Given.P0;
import static dev.millrace.consumer.testing.Given.P1;
import static dev.millrace.consumer.testing.Given.builder;
import static dev.millrace.consumer.testing.Given.config;
import static dev.millrace.consumer.testing.Given.drive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RecordOutcome;
import dev.millrace.consumer.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Which records wait for which. */
class OrdersTest {

    private final Given.Work work = new Given.Work();

    private ParallelConsumerTestDriver<String, String> driver(ProcessingOrder order) {
        return drive(builder().ordering(order).asyncHandler((record, context) -> work.begin(record)));
    }

    @Test
    void shouldHandleRecordsWithoutAKeyAtOnce() {
        try (var driver = driver(ProcessingOrder.KEY)) {
            driver.assign(P0);
            driver.feed(P0, null, "1");
            driver.feed(P0, null, "2");
            driver.feed(P0, "a", "3");
            driver.feed(P0, null, "4");
            driver.feed(P0, "a", "5");
            // A key that has no bytes is a key.
            driver.feed(P0, "", "6");
            driver.feed(P0, "", "7");
            driver.run();
            assertEquals(List.of("0@0", "0@1", "0@2", "0@3", "0@5"), work.begun().stream().sorted().toList());
            driver.lose(List.of(P0));
        }
    }

    @Test
    void shouldTryRecordsWithoutAKeyAgainWhileOthersGoOn() {
        List<String> seen = new ArrayList<>();
        try (var driver = drive(builder().retry(RetryPolicy.fixed(Duration.ofSeconds(1))).handler((record, context) -> {
            seen.add(record.value() + "#" + context.attempt());
            if (record.offset() == 0 && context.attempt() == 1)
                throw new IllegalStateException("not yet");
        }))) {
            driver.assign(P0);
            driver.feed(P0, null, "a");
            driver.feed(P0, null, "b");
            driver.advance(Duration.ofSeconds(2));
            assertEquals(List.of("a#1", "b#1", "a#2"), seen);
            assertEquals(2, driver.committed(P0).offset());
        }
    }

    @Test
    void shouldHandleOneRecordOfAPartitionAtATime() {
        try (var driver = driver(ProcessingOrder.PARTITION)) {
            driver.assign(P0, P1);
            Given.feedKeys(driver, P0, 3);
            Given.feedKeys(driver, P1, 3);
            driver.run();
            assertEquals(List.of("0@0", "1@0"), work.begun());
            work.end("0@0");
            driver.run();
            assertEquals(List.of("0@0", "1@0", "0@1"), work.begun());
            driver.lose(List.of(P0, P1));
        }
    }

    @Test
    void shouldHandleRecordsWithoutOrderAtOnce() {
        try (var driver = driver(ProcessingOrder.UNORDERED)) {
            driver.assign(P0);
            Given.feed(driver, P0, "a", 3);
            driver.run();
            assertEquals(3, work.begun().size());
            driver.lose(List.of(P0));
        }
    }

    @Test
    void shouldKeepTheSameKeysOfTwoPartitionsApart() {
        try (var driver = driver(ProcessingOrder.KEY)) {
            driver.assign(P0, P1);
            driver.feed(P0, "a", "1");
            driver.feed(P1, "a", "2");
            driver.run();
            assertEquals(2, work.begun().size());
            driver.lose(List.of(P0, P1));
        }
    }

    // ---------------------------------------------------------------- batches

    @Test
    void shouldGiveBatchesUpToTheirSizeAndHoldBackWhatFollowsAFailedOne() {
        List<String> seen = new ArrayList<>();
        try (var driver = drive(builder("millrace.consumer.batch.size", 3).retry(RetryPolicy.fixed(Duration.ofSeconds(1))).batchHandler(records -> {
            seen.add(String.join("", records.stream().map(record -> record.key() + record.offset()).toList()));
            return records.stream().map(record -> record.offset() == 0 && seen.size() == 1
                    ? RecordOutcome.failed(new IllegalStateException("not yet")) : RecordOutcome.handled()).toList();
        }))) {
            driver.assign(P0);
            driver.feed(P0, "a", "v");
            driver.feed(P0, "a", "v");
            driver.feed(P0, "b", "v");
            driver.feed(P0, "b", "v");
            driver.run();
            assertEquals(List.of("a0a1b2", "b3"), seen);
            driver.advance(Duration.ofSeconds(1));
            // The second one of the key waits until the first is done.
            assertEquals(List.of("a0a1b2", "b3", "a0", "a1"), seen);
            assertEquals(List.of(), driver.unfinished(P0));
        }
    }

    @Test
    void shouldTakeOutcomesInAnyList() {
        for (List<RecordOutcome> outcomes : List.of(List.of(RecordOutcome.handled(), RecordOutcome.handled()),
                java.util.Arrays.asList(RecordOutcome.handled(), RecordOutcome.handled())))
            try (var driver = drive(builder().retry(RetryPolicy.never()).batchHandler(records -> outcomes))) {
                driver.assign(P0);
                Given.feed(driver, P0, "a", 2);
                driver.run();
                assertEquals(List.of(), driver.unfinished(P0));
            }
    }

    @Test
    void shouldTakeABatchForFailedWhoseOutcomesAreNotOneForEach() {
        List<List<RecordOutcome>> wrong = new ArrayList<>();
        wrong.add(null);
        wrong.add(List.of());
        wrong.add(new ArrayList<>(java.util.Arrays.asList(RecordOutcome.handled(), null)));
        for (List<RecordOutcome> outcomes : wrong)
            try (var driver = drive(builder().retry(RetryPolicy.never()).batchHandler(records -> outcomes))) {
                driver.assign(P0);
                Given.feed(driver, P0, "a", 2);
                driver.run();
                assertTrue(driver.failure().orElseThrow().getCause().getMessage().contains("one for each"), driver.failure().toString());
            }
    }

    // ---------------------------------------------------------------- priorities

    private static final TopicPartition VIP = new TopicPartition("vip", 0);
    private static final TopicPartition BULK = new TopicPartition("bulk", 0);

    @Test
    void shouldTakeRecordsOfTopicsWithAHigherPriorityFirst() {
        for (ProcessingOrder order : ProcessingOrder.values()) {
            List<String> begun = new ArrayList<>();
            List<CompletableFuture<Void>> stages = new ArrayList<>();
            try (var driver = drive(ParallelConsumer.<String, String>builder(config()).topics("orders", "vip", "bulk").ordering(order)
                    .priority("vip", 10).priority("bulk", -1).concurrency(1).asyncHandler((record, context) -> {
                        begun.add(record.topic() + record.offset());
                        stages.add(new CompletableFuture<>());
                        return stages.get(stages.size() - 1);
                    }))) {
                driver.assign(P0, VIP, BULK);
                // Fetched by name: bulk, orders, vip.
                Given.feedKeys(driver, BULK, 2);
                Given.feedKeys(driver, P0, 2);
                Given.feedKeys(driver, VIP, 1);
                driver.run();
                driver.feed(VIP, "late", "v");
                for (int i = 0; i < 6; i++) {
                    driver.run();
                    stages.get(i).complete(null);
                }
                assertEquals(List.of("vip0", "vip1", "orders0", "orders1", "bulk0", "bulk1"), begun, order.toString());
            }
        }
    }

    @Test
    void shouldRefuseAPriorityOfATopicThatIsNotRead() {
        var builder = builder().priority("oders", 1).handler(record -> { });
        assertTrue(assertThrows(IllegalStateException.class, () -> drive(builder)).getMessage().contains("'oders'"));
    }
}
