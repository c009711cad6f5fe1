package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest.ProducerIdentity;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.slf4j.Logger;

/**
 * Where a transactional producer is in its life: its state, the number of the transaction, and the error that stands in the way.
 *
 * <p>Lock: the manager's, for all that is not volatile.
 */
final class TransactionLifecycle {

    private final String transactionalId;
    private final Logger log;

    /** Written under the manager's lock; read by any. */
    private volatile TransactionState state = TransactionState.UNINITIALIZED;
    /** The number of the transaction that takes records, 0 while none does. Written under the manager's lock; read by any. */
    private volatile long open;
    /** How many transactions have begun, and so the number of the last; guarded by the manager's lock. */
    private long begun;
    /** Why the state is an error; guarded by the manager's lock. */
    private RuntimeException error;

    TransactionLifecycle(String transactionalId, Logger log) {
        this.transactionalId = transactionalId;
        this.log = log;
    }

    /** Any thread. */
    TransactionState state() {
        return state;
    }

    /** Any thread. */
    boolean is(TransactionState expected) {
        return state == expected;
    }

    /** Any thread. */
    long open() {
        return open;
    }

    /** The number of the last transaction that has begun. */
    long number() {
        return begun;
    }

    /** The number of the transaction that is about to end, 0 while none is. */
    long ending() {
        return state.isCompleting() ? begun : 0;
    }

    RuntimeException error() {
        return error;
    }

    /** Why batches that have not been sent yet must not be sent any more; null while they may. */
    RuntimeException abortReason() {
        return switch (state) {
            case ABORTABLE_ERROR -> error;
            case ABORTING_TRANSACTION -> new TransactionAbortedException();
            default -> null;
        };
    }

    /** @throws IllegalStateException when that can't be, with nothing changed */
    void become(TransactionState target) {
        become(target, null);
    }

    /**
     * @param reason of a state that is an error, else null
     * @throws IllegalStateException when that can't be, with nothing changed
     */
    void become(TransactionState target, RuntimeException reason) {
        if (!state.mayBecome(target))
            throw new IllegalStateException("TransactionalId " + transactionalId + ": Invalid transition attempted from state "
                    + state + " to state " + target);
        log.debug("Transition from state {} to {}", state, target, reason);
        state = target;
        error = reason;
        open = target == TransactionState.IN_TRANSACTION ? ++begun : 0;
    }

    /** Whether a request must not be sent in this state; after an abortable error, coordinators may still be looked for. */
    boolean refuses(TransactionCall call) {
        return state.isError() && !(state == TransactionState.ABORTABLE_ERROR && call instanceof FindCoordinatorCall);
    }

    /** Throws what stands in the way, if anything does: anew, with the trace of this call. */
    void throwError(ProducerIdentity identity) {
        String who = "Producer with transactionalId '" + transactionalId + "' and ProducerIdAndEpoch(producerId="
                + identity.producerId() + ", epoch=" + identity.epoch() + ")";
        if (error instanceof ProducerFencedException)
            throw new ProducerFencedException(who + " has been fenced by another producer with the same transactionalId");
        if (error instanceof InvalidProducerEpochException)
            throw new InvalidProducerEpochException(who + " attempted to produce with an old epoch");
        if (error instanceof IllegalStateException)
            throw new IllegalStateException(who + " cannot execute transactional method because of previous invalid state"
                    + " transition attempt", error);
        if (error != null)
            throw new KafkaException("Cannot execute transactional method because we are in an error state", error);
    }
}
