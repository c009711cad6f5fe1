package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.work.WorkRecord;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends groups of records in transactions, one after the other, on a thread of its own: what a producer's calls wait for holds up neither
 * the thread that polls nor a worker. Decides nothing: it says whether a transaction was committed, or aborted, or whether nobody will
 * ever know from this producer.
 *
 * <p>A transaction is open only from the first output of a group to its commit; no handler runs in it.
 */
public final class OutputTransactions {

    private static final Logger LOG = LoggerFactory.getLogger(OutputTransactions.class);

    private final Producer<byte[], byte[]> producer;
    private final Executor thread;
    private volatile boolean closed;

    /** How a transaction ended. */
    sealed interface Outcome {

        /** All of it is there for readers. */
        record Committed() implements Outcome {
        }

        /**
         * Nothing of it will ever be.
         *
         * @param cause what made it be aborted
         * @param failure what came first of outputs that failed; null when none did. Those that come later may have failed for no other
         *     reason than that: a producer gives up all of a transaction with the exception of the first
         */
        record Aborted(RuntimeException cause, Failure failure) implements Outcome {
        }

        /** This producer can't go on; whether the transaction will be committed is for the coordinator, and the next producer, to say. */
        record Fatal(RuntimeException cause) implements Outcome {
        }
    }

    /** An output that was not taken. */
    record Failure(WorkRecord record, String topic, Exception why) {

        /** Whether it would fail the next time as well. */
        boolean isRefusal() {
            return AbortCauses.isRefusal(why);
        }
    }

    /** One try to send a group. */
    static final class Attempt {
        private final TransactionGroup group;
        private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        /** Set by the poll thread. */
        private volatile boolean givenUp;

        private Attempt(TransactionGroup group) {
            this.group = group;
        }

        TransactionGroup group() {
            return group;
        }

        /** Never fails. */
        CompletableFuture<Outcome> outcome() {
            return outcome;
        }

        /** Has the transaction aborted, unless its commit has begun; any thread. */
        void giveUp() {
            givenUp = true;
        }
    }

    /**
     * @param producer with a transactional id, nobody else's
     * @param thread runs one task after the other
     */
    public OutputTransactions(Producer<byte[], byte[]> producer, Executor thread) {
        this.producer = producer;
        this.thread = thread;
    }

    /** Ends what an earlier producer with this transactional id left open, before any other transaction; fails with what no retry mends. */
    CompletableFuture<Void> initialize() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        thread.execute(() -> {
            try {
                untilAnswered("initTransactions", producer::initTransactions);
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /** Begins to send a group; any thread, no other attempt may be on its way. */
    Attempt send(TransactionGroup group) {
        Attempt attempt = new Attempt(group);
        thread.execute(() -> attempt.outcome.complete(run(attempt)));
        return attempt;
    }

    private Outcome run(Attempt attempt) {
        try {
            return transaction(attempt);
        } catch (Throwable e) {
            return new Outcome.Fatal(e instanceof RuntimeException runtime ? runtime : new KafkaException("The transaction's thread failed", e));
        }
    }

    private Outcome transaction(Attempt attempt) {
        FirstFailure failure = new FirstFailure();
        TransactionGroup group = attempt.group;
        producer.beginTransaction();
        try {
            for (WorkRecord record : group.records()) {
                throwIfGivenUp(attempt);
                send(record, failure);
            }
            producer.sendOffsetsToTransaction(group.offsetsByPartition(), group.metadata());
            throwIfGivenUp(attempt);
            // From here on nothing else may be asked for until there is an answer: the commit may be through already.
            untilAnswered("commitTransaction", producer::commitTransaction);
            return new Outcome.Committed();
        } catch (Unanswered e) {
            return new Outcome.Fatal(e);
        } catch (RuntimeException e) {
            return abort(e, failure.get());
        }
    }

    /** Of one transaction: told by the producer's threads. */
    private static final class FirstFailure {
        /** Guarded by this. */
        private Failure first;

        /** One that will not pass goes before one that may be of the moment, as the rest of a batch is with one record that is bad. */
        synchronized void add(Failure failure) {
            if (first == null || failure.isRefusal() && !first.isRefusal())
                first = failure;
        }

        synchronized Failure get() {
            return first;
        }
    }

    private void send(WorkRecord record, FirstFailure failure) {
        for (ProducerRecord<byte[], byte[]> output : record.outputs()) {
            try {
                producer.send(output, (metadata, e) -> {
                    if (e != null)
                        failure.add(new Failure(record, output.topic(), e));
                });
            } catch (RuntimeException e) {
                failure.add(new Failure(record, output.topic(), e));
                throw e;
            }
        }
    }

    private static void throwIfGivenUp(Attempt attempt) {
        if (attempt.givenUp)
            throw new TimeoutException("The time to finish the transaction was over");
    }

    private Outcome abort(RuntimeException cause, Failure failure) {
        try {
            untilAnswered("abortTransaction", producer::abortTransaction);
            return new Outcome.Aborted(cause, failure);
        } catch (RuntimeException e) {
            // The producer is past an abort, and what it was at first says why.
            if (e != cause)
                cause.addSuppressed(e);
            return new Outcome.Fatal(cause);
        }
    }

    /** The consumer was closed before the producer knew. */
    private static final class Unanswered extends KafkaException {
        private static final long serialVersionUID = 1L;

        Unanswered(String call, RuntimeException cause) {
            super("The consumer was closed before " + call + " was answered: the coordinator decides about the transaction", cause);
        }
    }

    /** As Kafka wants it: what timed out or was interrupted is not over, and has to be called again. */
    private void untilAnswered(String call, Runnable operation) {
        while (true) {
            try {
                operation.run();
                return;
            } catch (TimeoutException | InterruptException e) {
                if (closed)
                    throw new Unanswered(call, e);
                // What Kafka's exception sets would end the next call as well.
                Thread.interrupted();
                LOG.warn("{} was not answered in time and is called again: {}", call, e.toString());
            }
        }
    }

    /** Closes the producer, which aborts what is open; any thread, when no more is to be sent. Waits for at most this long. */
    public void close(Duration timeout) {
        closed = true;
        producer.close(timeout);
    }
}
