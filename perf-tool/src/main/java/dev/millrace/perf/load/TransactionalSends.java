package dev.millrace.perf.load;

import dev.millrace.perf.spec.RunFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Records in transactions, one after the other, which the callers share because they share the producer. A transaction
 * begins with the first record there is for it; the caller who finds after a record that it has lasted long enough commits it,
 * as an application would on its own thread. One that cannot be committed is aborted, and the next record begins another.
 *
 * <p>No record may be sent while a transaction ends. So each caller has a lock of its own, which it holds while it sends (and
 * which costs next to nothing, for nobody else wants it), and who begins or ends a transaction takes them all, in their order.
 */
final class TransactionalSends implements SendMode {
    private final Producer<byte[], byte[]> producer;
    private final long durationNs;
    private final long patienceNs;
    private final Clock clock;
    private final BooleanSupplier stopped;
    private final TransactionTally tally = new TransactionTally();
    /** Complete before the first caller begins. */
    private final List<TransactionLane> lanes = new ArrayList<>();
    /** These are written with all lanes' locks, and read with one. */
    private boolean open;
    private long number;
    private RunFailedException fatal;
    /** Written as above; read without: who reads an old one finds out when it has the locks. */
    private volatile long beganNs;

    /**
     * @param producer after {@code initTransactions}
     * @param durationNs a transaction is committed when it has lasted that long
     * @param patienceNs how long a commit or abort that times out is tried again
     * @param stopped ends such a repetition early
     */
    TransactionalSends(Producer<byte[], byte[]> producer, long durationNs, long patienceNs, Clock clock, BooleanSupplier stopped) {
        this.producer = producer;
        this.durationNs = durationNs;
        this.patienceNs = patienceNs;
        this.clock = clock;
        this.stopped = stopped;
    }

    @Override
    public Lane lane() {
        TransactionLane lane = new TransactionLane();
        lanes.add(lane);
        return lane;
    }

    @Override
    public void finish() {
        lockAll();
        try {
            if (open) {
                end();
            }
        } finally {
            unlockAll();
        }
    }

    @Override
    public Optional<TransactionsResult> transactions() {
        return Optional.of(tally.result());
    }

    private void lockAll() {
        lanes.forEach(lane -> lane.lock.lock());
    }

    private void unlockAll() {
        lanes.forEach(lane -> lane.lock.unlock());
    }

    private void beginSlowPath() {
        lockAll();
        try {
            if (!open && fatal == null) {
                producer.beginTransaction();
                open = true;
                number++;
                beganNs = clock.nanoTime();
            }
        } finally {
            unlockAll();
        }
    }

    /** Unless another caller did it meanwhile. */
    private void endSlowPath(long endedNumber) {
        lockAll();
        try {
            if (open && number == endedNumber) {
                end();
            }
        } finally {
            unlockAll();
        }
    }

    /** With all locks. */
    private void end() {
        open = false;
        long records = 0;
        for (TransactionLane lane : lanes) {
            records += lane.records;
            lane.records = 0;
        }
        long startNs = clock.nanoTime();
        try {
            untilDone(producer::commitTransaction);
            tally.committed(records, clock.nanoTime() - startNs);
        } catch (InterruptException e) {
            throw e;
        } catch (TimeoutException e) {
            // It may be committed or not, and a producer in this state can do nothing but ask again.
            throw giveUp("was not committed within " + TimeUnit.NANOSECONDS.toSeconds(patienceNs) + " s", e);
        } catch (KafkaException e) {
            abort(records, e);
        }
    }

    private void abort(long records, KafkaException reason) {
        try {
            untilDone(producer::abortTransaction);
            tally.aborted(records, reason);
        } catch (InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            throw giveUp("could neither be committed (" + reason + ") nor aborted", e);
        }
    }

    /** Both calls may be repeated after a time-out, and then go on where they were. */
    private void untilDone(Runnable call) {
        long startNs = clock.nanoTime();
        while (true) {
            try {
                call.run();
                return;
            } catch (TimeoutException e) {
                if (stopped.getAsBoolean() || clock.nanoTime() - startNs > patienceNs) {
                    throw e;
                }
            }
        }
    }

    private RunFailedException giveUp(String what, KafkaException cause) {
        TransactionsResult before = tally.result();
        fatal = new RunFailedException(String.format(Locale.ROOT,
                "transaction %d %s: %s; before it, %,d transactions with %,d records were committed and %,d aborted",
                number, what, cause, before.committed(), before.committedRecords(), before.aborted()), cause);
        return fatal;
    }

    private final class TransactionLane implements Lane {
        private final ReentrantLock lock = new ReentrantLock();
        /** In the open transaction. Guarded by lock. */
        private long records;
        /** Caller thread only: the transaction of its last record, and whether that told that it cannot be committed. */
        private long lastNumber;
        private boolean broken;

        @Override
        public long enter(long nowNs) {
            if (lock.tryLock() && open) {
                return nowNs;
            }
            return enterSlowPath();
        }

        private long enterSlowPath() {
            if (!lock.isHeldByCurrentThread()) {
                lock.lock();
            }
            while (!open) {
                RunFailedException failure = fatal;
                lock.unlock();
                if (failure != null) {
                    throw failure;
                }
                beginSlowPath();
                lock.lock();
            }
            return clock.nanoTime();
        }

        @Override
        public void send(ProducerRecord<byte[], byte[]> record, Ack ack) {
            try {
                lastNumber = number;
                producer.send(record, ack);
                records++;
            } catch (InterruptException e) {
                throw e;
            } catch (KafkaException e) {
                // An earlier record failed, and the transaction with it. Nobody else will tell the callback.
                broken = true;
                tally.refused();
                ack.onCompletion(null, e);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public long leave(long nowNs) {
            if (!broken && nowNs - beganNs < durationNs) {
                return nowNs;
            }
            broken = false;
            endSlowPath(lastNumber);
            return clock.nanoTime();
        }
    }
}
