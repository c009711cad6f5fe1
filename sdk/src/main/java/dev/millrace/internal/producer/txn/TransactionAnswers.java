package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest.InitProducerId;
import dev.millrace.internal.producer.net.TransactionRequest.ProducerIdentity;
import org.apache.kafka.common.errors.AuthenticationException;
import org.slf4j.Logger;

/**
 * What the answers to requests change. What an answer means is in the {@link TransactionCall}s, which say it in these words.
 *
 * <p>Threads: the sender's. Lock: the manager's, which {@link #landed} takes and which is held in all else.
 */
final class TransactionAnswers {

    private final Object lock;
    private final String transactionalId;
    private final int transactionTimeoutMs;
    private final TransactionLifecycle lifecycle;
    private final ProducerEpoch epoch;
    private final Logger log;
    final TransactionContents contents;
    final CallQueue calls;
    final TransactionErrors errors;

    /** @param lock the manager */
    TransactionAnswers(Object lock, String transactionalId, int transactionTimeoutMs, TransactionLifecycle lifecycle,
                       ProducerEpoch epoch, TransactionContents contents, CallQueue calls, TransactionErrors errors, Logger log) {
        this.lock = lock;
        this.transactionalId = transactionalId;
        this.transactionTimeoutMs = transactionTimeoutMs;
        this.lifecycle = lifecycle;
        this.epoch = epoch;
        this.contents = contents;
        this.calls = calls;
        this.errors = errors;
        this.log = log;
    }

    /** Any thread. */
    String transactionalId() {
        return transactionalId;
    }

    /** The answer to a call is here; dealt with under the lock, unless it comes too late. */
    void landed(TransactionCall call, Runnable handling) {
        synchronized (lock) {
            calls.landed(call);
            if (lifecycle.is(TransactionState.FATAL_ERROR))
                call.result.fail(lifecycle.error());
            else
                handling.run();
        }
    }

    boolean isAborting() {
        return lifecycle.is(TransactionState.ABORTING_TRANSACTION);
    }

    /** Has a producer id asked for, or the next epoch; in the state for that. */
    void requestProducerId(ProducerIdentity current, TransactionResult result) {
        calls.add(new InitProducerIdCall(this, new InitProducerId(current, transactionTimeoutMs), result));
    }

    void initialized(long producerId, short producerEpoch) {
        epoch.received(producerId, producerEpoch);
        errors.becomeByAnswer(TransactionState.READY);
        log.info("ProducerId set to {} with epoch {}", producerId, producerEpoch);
    }

    /** The producer got no id, and may ask for one again. */
    void uninitialized(RuntimeException error) {
        calls.failWaiting(new AuthenticationException(error));
        errors.becomeByAnswer(TransactionState.UNINITIALIZED);
    }

    /** The group's offsets are a part of the transaction, and can be committed. */
    void offsetsAdded(CommitOffsetsCall commit) {
        contents.start();
        calls.add(commit);
    }

    /**
     * The transaction has ended.
     *
     * @param result of who waits for that
     * @param producerId with {@code producerEpoch} what the next transaction is to use (KIP-890), or -1
     */
    void ended(TransactionResult result, long producerId, short producerEpoch) {
        if (producerId != -1)
            epoch.received(producerId, producerEpoch);
        contents.clear();
        if (epoch.endTransaction()) {
            errors.becomeByAnswer(TransactionState.INITIALIZING);
            // Whoever waits for the end waits for the new epoch, too.
            requestProducerId(epoch.identity(), result);
        } else {
            errors.becomeByAnswer(TransactionState.READY);
            result.done();
        }
    }
}
