package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.load.IntervalHistogram;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class StampedWorkTest {
    private final Ledger ledger = new Ledger(new EndOffsets(Map.of(0, 100L)), new EndOffsets(Map.of(0, 200L)), true);
    private final Histogram handled = IntervalHistogram.empty();
    private final Histogram called = IntervalHistogram.empty();

    private static ConsumerRecord<Object, Object> record(long offset, long dueNs) {
        ConsumerRecord<Object, Object> record = new ConsumerRecord<>("t", 0, offset, null, null);
        record.headers().add("millrace-perf-due", ByteBuffer.allocate(8).putLong(dueNs).array());
        return record;
    }

    @Test
    void shouldTimeFromWhenTheRecordWasDue() {
        try (StampedWork work = new StampedWork(ledger, new SimulatedWork(Duration.ofMillis(3), false))) {
            long nowNs = System.nanoTime();
            long dueNs = nowNs - TimeUnit.SECONDS.toNanos(2);
            work.measureFrom(dueNs);
            work.handle(record(100, dueNs));
            work.takeTimes(handled, called);
            assertTrue(called.getMinValue() >= 1_990_000, called.getMinValue() + " us");
            assertTrue(handled.getMinValue() >= 1_993_000, handled.getMinValue() + " us");
        }
    }

    @Test
    void shouldTimeWhenAsynchronousWorkIsDone() {
        try (StampedWork work = new StampedWork(ledger, new SimulatedWork(Duration.ofMillis(3), true))) {
            long dueNs = System.nanoTime();
            work.measureFrom(dueNs);
            ((CompletableFuture<?>) work.handleAsync(record(100, dueNs))).join();
            work.takeTimes(handled, called);
            assertTrue(handled.getMinValue() >= 2_990, handled.getMinValue() + " us");
            assertEquals(1, called.getTotalCount());
        }
    }

    @Test
    void shouldLeaveOutTheWarmUpAndWhatHasNoStamp() {
        try (StampedWork work = new StampedWork(ledger, new SimulatedWork(Duration.ZERO, false))) {
            work.handle(record(100, System.nanoTime()));
            long fromNs = System.nanoTime();
            work.measureFrom(fromNs);
            work.handle(record(101, fromNs - 1));
            work.handle(new ConsumerRecord<>("t", 0, 102, null, null));
            work.handle(record(103, fromNs));
            work.takeTimes(handled, called);
            assertEquals(1, handled.getTotalCount());
            assertEquals(4, ledger.handledCount());
        }
    }

    /** A run that sends does not know before which partition how many will be in. */
    @Test
    void shouldCheckUpToTheEndsThatCameOut() {
        ledger.handled(0, 100);
        ledger.handled(0, 102);
        PartitionResult result = ledger.check(new EndOffsets(Map.of(0, 103L)), new EndOffsets(Map.of(0, 103L))).get(0);
        assertEquals(List.of(3L, 1L, 101L, 102L), List.of(result.expected(), result.missing(), result.firstMissing(), result.last()));
    }
}
