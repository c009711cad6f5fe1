package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.RunFailedException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** Transactions of a phase, on a producer that commits at once and a clock that is moved by hand. */
class TransactionalSendsTest {
    private static final long DURATION_NS = 1_000_000;
    private static final long PATIENCE_NS = 5_000_000;

    private final FakeClock clock = new FakeClock();
    private final StopSignal stop = new StopSignal();
    private final AckRecorder recorder = new AckRecorder(clock, false);
    private final TransactionMock producer = new TransactionMock();
    private final TransactionalSends sends =
            new TransactionalSends(producer, DURATION_NS, PATIENCE_NS, clock, stop);

    /** Each commit takes 2 ms of the clock. */
    private class TransactionMock extends MockProducer<byte[], byte[]> {
        private final AtomicInteger commits = new AtomicInteger();
        private final AtomicInteger timeoutsLeft = new AtomicInteger();
        private KafkaException abortFailure;

        TransactionMock() {
            super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
            initTransactions();
        }

        @Override
        public void commitTransaction() {
            clock.nowNs += 2_000_000;
            if (timeoutsLeft.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new TimeoutException("not yet");
            }
            commits.incrementAndGet();
            super.commitTransaction();
        }

        @Override
        public void abortTransaction() {
            if (abortFailure != null) {
                throw abortFailure;
            }
            super.abortTransaction();
        }
    }

    private void send(SendMode.Lane lane, int records) {
        for (int i = 0; i < records; i++) {
            long nowNs = lane.enter(clock.nowNs);
            lane.send(new ProducerRecord<>("t", new byte[1]), new Ack(recorder, nowNs, nowNs));
            lane.leave(clock.nowNs);
        }
    }

    private TransactionsResult result() {
        return sends.transactions().orElseThrow();
    }

    @Test
    void shouldCommitAfterTheRecordByWhichATransactionHasLastedLongEnough() {
        SendMode.Lane lane = sends.lane();
        assertFalse(producer.transactionInFlight());
        send(lane, 3);
        clock.nowNs += DURATION_NS - 1;
        send(lane, 1);
        assertEquals(0, producer.commits.get());
        clock.nowNs++;
        send(lane, 1);
        assertEquals(1, producer.commits.get());
        assertFalse(producer.transactionInFlight());
        assertEquals(5, result().committedRecords());
        assertEquals(5, producer.history().size());
        assertEquals(2_000, result().commitTime().getMaxValue(), 2);
    }

    /** Nothing is begun for a record that never comes, and nothing that was begun is left. */
    @Test
    void shouldCommitWhatIsOpenAtTheEnd() {
        SendMode.Lane lane = sends.lane();
        sends.finish();
        assertEquals(0, result().committed());
        send(lane, 7);
        sends.finish();
        sends.finish();
        assertEquals(1, result().committed());
        assertEquals(7, result().committedRecords());
        assertFalse(producer.transactionInFlight());
    }

    @Test
    void shouldAbortWhatCannotBeCommittedAndGoOn() {
        SendMode.Lane lane = sends.lane();
        send(lane, 4);
        producer.commitTransactionException = new KafkaException("in an error state", new RecordTooLargeException("too large"));
        clock.nowNs += DURATION_NS;
        send(lane, 1);
        producer.commitTransactionException = null;
        send(lane, 2);
        sends.finish();
        TransactionsResult result = result();
        assertEquals(1, result.aborted());
        assertEquals(5, result.lostRecords());
        assertEquals(1, result.committed());
        assertEquals(2, result.committedRecords());
        assertEquals(1, result.commitTime().getTotalCount());
        assertEquals(Map.of("KafkaException", "1 x in an error state: RecordTooLargeException: too large"),
                result.abortReasons());
        assertEquals(2, producer.history().size());
    }

    /** A producer refuses records after one failed; that one's transaction ends at once. */
    @Test
    void shouldAbortWhenSendRefusesARecord() {
        SendMode.Lane lane = sends.lane();
        send(lane, 4);
        producer.sendException = new KafkaException("in an error state");
        producer.commitTransactionException = new KafkaException("in an error state");
        send(lane, 1);
        assertFalse(producer.transactionInFlight());
        producer.sendException = null;
        producer.commitTransactionException = null;
        send(lane, 1);
        sends.finish();
        assertEquals(1, result().aborted());
        assertEquals(5, result().lostRecords());
        assertEquals(1, result().committedRecords());
        assertEquals(1, recorder.failed());
        assertEquals(5, recorder.acked());
    }

    /** Two callers hear of the same lost transaction; the second must leave its successor alone. */
    @Test
    void shouldEndATransactionOnce() {
        SendMode.Lane first = sends.lane();
        SendMode.Lane second = sends.lane();
        send(first, 1);
        producer.sendException = new KafkaException("in an error state");
        for (SendMode.Lane lane : List.of(first, second)) {
            lane.enter(clock.nowNs);
            lane.send(new ProducerRecord<>("t", new byte[1]), new Ack(recorder, 0, 0));
        }
        producer.sendException = null;
        producer.commitTransactionException = new KafkaException("in an error state");
        first.leave(clock.nowNs);
        producer.commitTransactionException = null;
        send(first, 1);
        second.leave(clock.nowNs);
        assertEquals(1, result().aborted());
        assertEquals(0, result().committed());
        assertTrue(producer.transactionInFlight());
    }

    @Test
    void shouldAskAgainAfterACommitTimedOut() {
        producer.timeoutsLeft.set(2);
        send(sends.lane(), 1);
        sends.finish();
        assertEquals(1, result().committed());
        assertEquals(6_000, result().commitTime().getMaxValue(), 6);
    }

    @Test
    void shouldGiveUpWhenTheCommitNeverEnds() {
        producer.timeoutsLeft.set(Integer.MAX_VALUE);
        send(sends.lane(), 1);
        RunFailedException e = assertThrows(RunFailedException.class, sends::finish);
        assertTrue(e.getMessage().contains("transaction 1 was not committed within"), e.getMessage());
    }

    @Test
    void shouldNotAskAgainWhenStopped() {
        producer.timeoutsLeft.set(Integer.MAX_VALUE);
        send(sends.lane(), 1);
        stop.request();
        assertThrows(RunFailedException.class, sends::finish);
        assertEquals(2_000_000, clock.nowNs);
    }

    @Test
    void shouldEndTheRunWhenATransactionCanNotEvenBeAborted() {
        SendMode.Lane lane = sends.lane();
        send(lane, 3);
        clock.nowNs += DURATION_NS;
        send(lane, 1);
        ProducerFencedException fenced = new ProducerFencedException("there is a newer one");
        producer.commitTransactionException = fenced;
        producer.abortFailure = fenced;
        clock.nowNs += DURATION_NS;
        send(lane, 1);
        clock.nowNs += DURATION_NS;
        RunFailedException e = assertThrows(RunFailedException.class, () -> send(lane, 1));
        assertTrue(e.getMessage().contains("transaction 2 could neither be committed")
                && e.getMessage().contains("there is a newer one")
                && e.getMessage().contains("1 transactions with 4 records were committed"), e.getMessage());
        assertEquals(e, assertThrows(RunFailedException.class, () -> lane.enter(clock.nowNs)));
        sends.finish();
    }

    /** A caller inside {@code send} holds the commit back: a record must not come in while a transaction ends. */
    @Test
    void shouldNotCommitWhileAnotherCallerSends() throws InterruptedException, ExecutionException {
        CountDownLatch sending = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        TransactionMock blocking = new TransactionMock() {
            @Override
            public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                if (record.partition() != null) {
                    sending.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
                return super.send(record, callback);
            }
        };
        TransactionalSends shared = new TransactionalSends(blocking, DURATION_NS, PATIENCE_NS, clock, stop);
        SendMode.Lane slow = shared.lane();
        SendMode.Lane quick = shared.lane();
        ExecutorService executor = Executors.newFixedThreadPool(2);
        try {
            send(quick, 1);
            Future<?> inSend = executor.submit(() -> {
                slow.enter(0);
                slow.send(new ProducerRecord<>("t", 0, null, new byte[1]), new Ack(recorder, 0, 0));
            });
            sending.await();
            Future<?> commit = executor.submit(shared::finish);
            assertThrows(java.util.concurrent.TimeoutException.class, () -> commit.get(20, TimeUnit.MILLISECONDS));
            assertEquals(0, shared.transactions().orElseThrow().committed());
            goOn.countDown();
            inSend.get();
            commit.get();
            assertEquals(2, shared.transactions().orElseThrow().committedRecords());
        } finally {
            goOn.countDown();
            executor.shutdownNow();
        }
    }

    /** Real threads and a real clock: whatever the interleaving, each record is in exactly one transaction. */
    @Test
    void shouldPutEachRecordOfManyCallersIntoOneTransaction() {
        try (MockProducer<byte[], byte[]> shared =
                new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer())) {
            shared.initTransactions();
            Load load = new Load(1, 0, 100, Optional.empty(), "\n", -1, 4, 0, 42);
            TransactionalSends mode = new TransactionalSends(shared, 200_000, TimeUnit.MINUTES.toNanos(1), Clock.SYSTEM, stop);
            PhaseResult result = new Phase(mode, load, 40_000, TimeUnit.MILLISECONDS.toNanos(10), TimeUnit.MINUTES.toNanos(5),
                    stop, interval -> { }).run("t", RecordData.of(load));
            TransactionsResult transactions = result.transactions().orElseThrow();
            assertEquals(40_000, result.acked());
            assertEquals(40_000, result.delivered());
            assertEquals(0, result.undelivered());
            assertEquals(40_000, shared.history().size());
            assertEquals(transactions.committed(), shared.commitCount());
            assertEquals(transactions.committed(), transactions.commitTime().getTotalCount());
            assertFalse(shared.transactionInFlight());
        }
    }
}
