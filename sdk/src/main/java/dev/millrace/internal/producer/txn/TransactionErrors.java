package dev.millrace.internal.producer.txn;

import java.util.function.BiConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.slf4j.Logger;

/**
 * What an error makes of a transactional producer: the transaction must be aborted, or it is the end.
 *
 * <p>Lock: the manager's.
 */
final class TransactionErrors {

    private final TransactionLifecycle lifecycle;
    private final ProducerEpoch epoch;
    private final PendingOperation pending;
    private final CallQueue calls;
    private final Logger log;

    TransactionErrors(TransactionLifecycle lifecycle, ProducerEpoch epoch, PendingOperation pending, CallQueue calls, Logger log) {
        this.lifecycle = lifecycle;
        this.epoch = epoch;
        this.pending = pending;
        this.calls = calls;
        this.log = log;
    }

    /**
     * A record could not be sent, so that the transaction can't be whole.
     *
     * @throws IllegalStateException when there is no transaction
     */
    void recordRefused(RuntimeException error) {
        if (!lifecycle.is(TransactionState.FATAL_ERROR))
            failed(error, lifecycle::become);
    }

    /**
     * A batch will not be acknowledged.
     *
     * @param sequenceLost its sequence is used up, and leaves a gap
     */
    void batchFailed(RuntimeException error, boolean sequenceLost) {
        if (lifecycle.is(TransactionState.FATAL_ERROR))
            return;
        if (sequenceLost && !epoch.canRecoverSequences())
            fatal(new KafkaException("A batch failed and leaves a gap, and the coordinator can't raise the producer's epoch:"
                    + " it isn't safe to continue", error));
        else
            failed(error, this::becomeByAnswer);
    }

    /** Batches were given up whose fate is not known, and those behind them have not shown it. */
    void sequenceGap() {
        String what = "The client hasn't received acknowledgment for some previously sent messages and can no longer retry them. ";
        if (epoch.canRecoverSequences()) {
            epoch.requireBump();
            // What made us give the batches up tells more, and is known already.
            if (!lifecycle.is(TransactionState.ABORTABLE_ERROR))
                abortable(new KafkaException(what + "It is safe to abort the transaction and continue."));
        } else {
            fatal(new KafkaException(what + "It isn't safe to continue."));
        }
    }

    private void failed(RuntimeException error, BiConsumer<TransactionState, RuntimeException> transition) {
        if (error instanceof ClusterAuthorizationException || error instanceof TransactionalIdAuthorizationException
                || error instanceof ProducerFencedException || error instanceof UnsupportedVersionException
                || error instanceof InvalidPidMappingException) {
            fatal(error);
            return;
        }
        epoch.requireBump();
        // To whom the transaction matters, a record that was retried in vain is a reason to abort, not to send it once more.
        RuntimeException reason = error instanceof RetriableException || error instanceof InvalidTxnStateException
                ? new TransactionAbortableException("Transaction Request was aborted after exhausting retries.", error) : error;
        abortable(reason, transition);
    }

    /** The transaction must be aborted; then the producer may go on. */
    void abortable(RuntimeException error) {
        abortable(error, this::becomeByAnswer);
    }

    private void abortable(RuntimeException error, BiConsumer<TransactionState, RuntimeException> transition) {
        if (lifecycle.is(TransactionState.ABORTING_TRANSACTION)) {
            log.debug("The transaction is being aborted anyway: {}", error.toString());
            return;
        }
        log.info("Transiting to abortable error state due to {}", error.toString());
        transition.accept(TransactionState.ABORTABLE_ERROR, error);
    }

    /** Abortable if the coordinator can give the producer another epoch, else fatal. */
    void abortableIfPossible(RuntimeException error) {
        if (epoch.canRecoverSequences()) {
            epoch.requireBump();
            abortable(error);
        } else {
            fatal(error);
        }
    }

    /** Nothing can be done any more but to close the producer; whoever waits for something gets this error. */
    void fatal(RuntimeException error) {
        log.info("Transiting to fatal error state due to {}", error.toString());
        lifecycle.become(TransactionState.FATAL_ERROR, error);
        pending.fail(error);
        calls.failAll(error);
    }

    /** For answers: one that brings what can't be shows that nothing can be relied on any more. */
    void becomeByAnswer(TransactionState target) {
        becomeByAnswer(target, null);
    }

    private void becomeByAnswer(TransactionState target, RuntimeException error) {
        try {
            lifecycle.become(target, error);
        } catch (IllegalStateException invalid) {
            fatal(invalid);
            throw invalid;
        }
    }
}
