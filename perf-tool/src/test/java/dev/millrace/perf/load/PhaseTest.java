package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.RunFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** Whole phases on a producer that acknowledges at once; nothing here depends on how long anything takes. */
class PhaseTest {
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long PATIENCE_NS = TimeUnit.MINUTES.toNanos(5);

    private final StopSignal stop = new StopSignal();
    private final List<Interval> intervals = new ArrayList<>();

    private static class AcknowledgingProducer extends MockProducer<byte[], byte[]> {
        AcknowledgingProducer(boolean acknowledges) {
            super(acknowledges, null, new ByteArraySerializer(), new ByteArraySerializer());
        }
    }

    private static Load load(double throughput, int threads) {
        return new Load(1, 0, 100, Optional.empty(), "\n", throughput, threads, 0, 42);
    }

    private PhaseResult run(Producer<byte[], byte[]> producer, Load load, long count, long stallNs) {
        return new Phase(new PlainSends(producer), load, count, TICK_NS, stallNs, stop, intervals::add).run("t", RecordData.of(load));
    }

    @Test
    void shouldSendEachCallersShareAndCountEveryAcknowledgement() {
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(true)) {
            PhaseResult result = run(producer, load(-1, 3), 1_000, PATIENCE_NS);
            assertEquals(1_000, producer.history().size());
            assertEquals(1_000, result.attempted());
            assertEquals(1_000, result.acked());
            assertEquals(0, result.failed());
            assertEquals(1_000, result.response().getTotalCount());
            assertSame(result.response(), result.service());
            assertEquals(1_000, result.inSend().getTotalCount());
            assertEquals(100_000, result.recordBytes());
            assertEquals(0, result.behindNs());
            assertFalse(result.stopped());
            assertTrue(result.callerAllocatedBytes() > 0);
        }
    }

    @Test
    void shouldTimeFromTheScheduleInAnOpenLoop() {
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(true)) {
            // A schedule nobody can keep: everything is late from the beginning, and the response times must show it.
            PhaseResult result = run(producer, load(1e9, 1), 50_000, PATIENCE_NS);
            assertEquals(50_000, result.service().getTotalCount());
            assertTrue(result.response().getMean() > result.service().getMean(),
                    result.response().getMean() + " us from the schedule, " + result.service().getMean() + " from send()");
            assertTrue(result.behindNs() > 0);
        }
    }

    @Test
    void shouldCountWhatFailsBesideWhatIsAcknowledged() {
        AtomicInteger sends = new AtomicInteger();
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(true) {
            @Override
            public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                if (sends.getAndIncrement() % 4 == 0) {
                    callback.onCompletion(null, new RecordTooLargeException("too large"));
                    return null;
                }
                return super.send(record, callback);
            }
        }) {
            PhaseResult result = run(producer, load(-1, 1), 400, PATIENCE_NS);
            assertEquals(300, result.acked());
            assertEquals(100, result.failed());
            assertEquals(300, result.response().getTotalCount());
            assertEquals(Map.of("RecordTooLargeException", "100 x too large"), result.errors());
        }
    }

    @Test
    void shouldTellWhatSendThrows() {
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(true)) {
            producer.sendException = new IllegalStateException("producer is closed");
            RunFailedException e =
                    assertThrows(RunFailedException.class, () -> run(producer, load(-1, 1), 10, PATIENCE_NS));
            assertTrue(e.getMessage().contains("producer is closed"), e.getMessage());
        }
    }

    @Test
    void shouldGiveUpWhenNothingIsAcknowledgedAnyMore() {
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(false) {
            @Override
            public synchronized void flush() {
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw new InterruptException(e);
                }
            }
        }) {
            RunFailedException e = assertThrows(RunFailedException.class,
                    () -> run(producer, load(-1, 1), 10, TimeUnit.MILLISECONDS.toNanos(100)));
            assertTrue(e.getMessage().contains("nothing was acknowledged"), e.getMessage());
        }
    }

    @Test
    void shouldEndWithWhatItHasWhenStopped() {
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(true) {
            @Override
            public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                Future<RecordMetadata> future = super.send(record, callback);
                if (history().size() == 5) {
                    stop.request();
                }
                return future;
            }
        }) {
            PhaseResult result = run(producer, load(-1, 1), 1_000_000, PATIENCE_NS);
            assertTrue(result.stopped());
            assertEquals(5, result.acked());
            assertEquals(5, result.attempted());
        }
    }

    @Test
    void shouldShowItsProgressInIntervals() {
        CountDownLatch firstSeen = new CountDownLatch(1);
        try (MockProducer<byte[], byte[]> producer = new AcknowledgingProducer(true) {
            @Override
            public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                Future<RecordMetadata> future = super.send(record, callback);
                try {
                    firstSeen.await();
                } catch (InterruptedException e) {
                    throw new InterruptException(e);
                }
                return future;
            }
        }) {
            Load load = load(-1, 1);
            new Phase(new PlainSends(producer), load, 100, TICK_NS, PATIENCE_NS, stop, interval -> {
                intervals.add(interval);
                if (interval.acked() == 1) {
                    firstSeen.countDown();
                }
            }).run("t", RecordData.of(load));
        }
        for (Interval interval : intervals) {
            assertEquals(100, interval.total());
        }
        assertEquals(0, firstSeen.getCount());
    }
}
