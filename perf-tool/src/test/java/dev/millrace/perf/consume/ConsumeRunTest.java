package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.load.Interval;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.RunFailedException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

/** Whole runs on a consumer that makes up its records; nothing here depends on how long anything takes. */
class ConsumeRunTest {
    private static final int RECORDS = 1_000;
    private static final byte[] KEY = "key-1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HOT_KEY = "hot".getBytes(StandardCharsets.US_ASCII);

    private final Ledger ledger = new Ledger(new EndOffsets(Map.of(0, 0L)), new EndOffsets(Map.of(0, (long) RECORDS)), true);
    private final CountedWork work = new CountedWork(ledger, new SimulatedWork(Duration.ZERO, false), true);
    private final StopSignal stop = new StopSignal();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final List<Interval> intervals = new ArrayList<>();

    /** Hands out the first half, waits until it may go on, and hands out the rest. */
    private final class Halves implements MeasuredConsumer {
        private final Thread thread = new Thread(this::run);
        private final int count;
        private volatile Throwable failure;

        Halves(int count) {
            this.count = count;
        }

        @Override
        public void start() {
            thread.start();
        }

        private void run() {
            for (int i = 0; i < count; i++) {
                if (i == RECORDS / 2) {
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        failure = e;
                        return;
                    }
                }
                byte[] key = i % 4 == 0 ? KEY : HOT_KEY;
                work.handle(new ConsumerRecord<>("t", 0, i, key, new byte[0]));
            }
            if (count < RECORDS) {
                failure = new IllegalStateException("out of records");
            }
        }

        @Override
        public Optional<Throwable> failure() {
            return Optional.ofNullable(failure);
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }

    private ConsumeRun run(MeasuredConsumer consumer, Duration stall) {
        return new ConsumeRun(consumer, work, ledger, stop, Duration.ofMillis(1), stall);
    }

    @Test
    void shouldMeasureWhatComesAfterTheWarmUp() {
        try (Halves consumer = new Halves(RECORDS)) {
            ConsumeRun run = run(consumer, Duration.ofMinutes(5));
            assertTrue(run.warmUp(RECORDS / 2, intervals::add));
            // The consumer waits for the first tick.
            ConsumePhase phase = run.measure(() -> 17, interval -> {
                intervals.add(interval);
                goOn.countDown();
            });
            assertEquals(RECORDS / 2, phase.handled());
            assertEquals(RECORDS / 8, phase.others().records());
            assertTrue(phase.elapsedNs() > 0 && phase.others().perSecond() > 0);
            assertFalse(phase.stopped());
            assertEquals(Optional.empty(), phase.stalled());
            // Offsets 512, 576, ..., 960: one record in 64 is timed.
            assertEquals(8, phase.times().getTotalCount());
            assertEquals(17, phase.lag().get(0).records());
            List<LagSample> notHandled = phase.notHandled();
            assertEquals(RECORDS / 2, notHandled.get(0).records());
            assertEquals(0, notHandled.get(notHandled.size() - 1).records());
            assertEquals(RECORDS / 2, intervals.get(intervals.size() - 1).total());
        }
    }

    @Test
    void shouldGiveUpWhenNothingIsHandledAnyMore() {
        try (Halves consumer = new Halves(RECORDS)) {
            ConsumeRun run = run(consumer, Duration.ofMillis(50));
            assertTrue(run.warmUp(RECORDS / 2, intervals::add));
            ConsumePhase phase = run.measure(null, intervals::add);
            assertTrue(phase.stalled().orElse("").contains("with 500 of 1,000 records handled"), phase.stalled()::toString);
            assertEquals(List.of(), phase.lag());
        }
        try (Halves consumer = new Halves(RECORDS)) {
            assertTrue(assertThrows(RunFailedException.class, () -> run(consumer, Duration.ofMillis(50))
                    .warmUp(RECORDS, intervals::add)).getMessage().contains("nothing was handled"));
        }
    }

    @Test
    void shouldTellWhatEndedTheConsumer() {
        try (Halves consumer = new Halves(10)) {
            String message = assertThrows(RunFailedException.class, () -> run(consumer, Duration.ofMinutes(5))
                    .warmUp(20, intervals::add)).getMessage();
            assertTrue(message.contains("the consumer ended") && message.contains("out of records"), message);
        }
    }

    @Test
    void shouldEndWithWhatItHasWhenStopped() {
        try (Halves consumer = new Halves(RECORDS)) {
            ConsumeRun run = run(consumer, Duration.ofMinutes(5));
            assertTrue(run.warmUp(10, intervals::add));
            ConsumePhase phase = run.measure(null, interval -> stop.request());
            assertTrue(phase.stopped());
            assertTrue(phase.handled() <= RECORDS / 2);
        }
        assertFalse(run(new Halves(0), Duration.ofMinutes(5)).warmUp(600, intervals::add));
    }
}
