package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.load.IntervalHistogram;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class CountedWorkTest {
    private final Ledger ledger = new Ledger(new EndOffsets(Map.of()), new EndOffsets(Map.of(0, 1_000L)), true);

    private static ConsumerRecord<Object, Object> record(long offset, Object key) {
        return new ConsumerRecord<>("t", 0, offset, key, null);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static long timed(CountedWork work) {
        Histogram times = IntervalHistogram.empty();
        work.takeTimes(times);
        return times.getTotalCount();
    }

    @Test
    void shouldTimeEachRecordWhoseWorkTakesTimeAndOneInSixtyFourOtherwise() {
        try (CountedWork idle = new CountedWork(ledger, new SimulatedWork(Duration.ZERO, false), false);
                CountedWork busy = new CountedWork(ledger, new SimulatedWork(Duration.ofNanos(1_000), false), false)) {
            for (int i = 0; i < 128; i++) {
                idle.handle(record(i, null));
                busy.handle(record(500 + i, null));
            }
            assertEquals(2, timed(idle));
            assertEquals(128, timed(busy));
            assertEquals(256, ledger.handledCount());
            assertEquals(256, idle.othersCount(), "without a hot key all are others");
        }
    }

    @Test
    void shouldTellTheHotKeyFromOthersInEitherForm() {
        try (CountedWork work = new CountedWork(ledger, new SimulatedWork(Duration.ZERO, false), true)) {
            work.handle(record(0, bytes("hot")));
            work.handle(record(1, ByteBuffer.wrap(bytes("hot"))));
            assertEquals(0, work.othersCount());
            work.handle(record(2, bytes("hut")));
            work.handle(record(3, ByteBuffer.wrap(bytes("key-1"))));
            work.handle(record(4, null));
            ((CompletableFuture<?>) work.handleAsync(record(5, bytes("key-1")))).join();
            assertEquals(4, work.othersCount());
            assertTrue(work.lastOtherNs(0) != 0);
            assertEquals(6, ledger.handledCount());
        }
    }

    @Test
    void shouldHoldRecordsBackWhileTheGateIsClosed() throws InterruptedException {
        try (CountedWork work = new CountedWork(ledger, new SimulatedWork(Duration.ZERO, false), false)) {
            work.gate().close();
            CompletableFuture<?> async = (CompletableFuture<?>) work.handleAsync(record(0, null));
            Thread handler = new Thread(() -> work.handle(record(1, null)));
            handler.start();
            while (handler.isAlive() && handler.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            assertFalse(async.isDone());
            assertEquals(0, ledger.handledCount());
            work.gate().open();
            work.gate().open();
            async.join();
            handler.join();
            assertEquals(2, ledger.handledCount());
        }
    }
}
