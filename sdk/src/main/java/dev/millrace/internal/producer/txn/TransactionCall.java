package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.CoordinatorType;
import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionResponse;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.Errors;

/**
 * One request of a transactional producer, from the moment it is wanted until its answer was dealt with. What an answer means
 * is in the subclasses, one for each kind of request; all of them say it in the words of this class and of
 * {@link TransactionAnswers}.
 *
 * <p>Lock: the manager's, with which all but the constructor's arguments are used.
 */
public abstract class TransactionCall implements CoordinatorClient.Listener {

    /** What goes first when several wait. */
    enum Priority {
        FIND_COORDINATOR,
        INIT_PRODUCER_ID,
        ADD_PARTITIONS_OR_OFFSETS,
        END_TRANSACTION
    }

    final TransactionAnswers answers;
    final TransactionResult result;
    final Priority priority;
    /** Not again before, ms; guarded by the manager. */
    private long notBeforeMs = Long.MIN_VALUE;
    /** Among those of one priority, first come first served; set when it is queued, guarded by the manager. */
    long number;

    TransactionCall(TransactionAnswers answers, Priority priority, TransactionResult result) {
        this.answers = answers;
        this.priority = priority;
        this.result = result;
    }

    /** What to send. */
    public abstract TransactionRequest request();

    /** Whom to send it to; null for any broker. */
    public CoordinatorType coordinator() {
        return CoordinatorType.TRANSACTION;
    }

    /** The key of that coordinator. */
    String coordinatorKey() {
        return answers.transactionalId();
    }

    public long notBeforeMs() {
        return notBeforeMs;
    }

    void backOff(long untilMs) {
        notBeforeMs = untilMs;
    }

    /** Deals with the answer; the manager's lock is held. */
    abstract void handle(TransactionResponse response);

    @Override
    public final void onResponse(TransactionResponse response) {
        answers.landed(this, () -> handle(response));
    }

    @Override
    public final void onDisconnect() {
        answers.landed(this, () -> {
            lookUp();
            retry();
        });
    }

    @Override
    public final void onUnsupported(UnsupportedVersionException error) {
        answers.landed(this, () -> fatal(error));
    }

    /** It could not be sent, for a reason that nobody expects; else others would wait for its answer for ever. */
    public final void onUnsent(RuntimeException error) {
        answers.landed(this, () -> fatal(new KafkaException("Could not send " + this, error)));
    }

    // ---------------------------------------------------------------- what may come of it; with the lock held

    /** Who the coordinator is, is to be asked before this is sent again. */
    final void lookUp() {
        answers.calls.lookUp(this);
    }

    /** Send it again after {@code retry.backoff.ms}. */
    void retry() {
        answers.calls.retry(this);
    }

    /** It failed, and it is the end. */
    final void fatal(RuntimeException error) {
        result.fail(error);
        answers.errors.fatal(error);
    }

    /** It failed, and the transaction must be aborted. */
    final void abortable(RuntimeException error) {
        result.fail(error);
        answers.errors.abortable(error);
    }

    /** It failed; the transaction must be aborted if another epoch can be had, and else it is the end. */
    final void abortableIfPossible(RuntimeException error) {
        result.fail(error);
        answers.errors.abortableIfPossible(error);
    }

    /** True when an error has been dealt with that means the same for every kind of request. */
    final boolean handledCommon(Errors error) {
        switch (error) {
            case NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE -> {
                lookUp();
                retry();
            }
            // Old coordinators say INVALID_PRODUCER_EPOCH where newer ones say PRODUCER_FENCED.
            case INVALID_PRODUCER_EPOCH, PRODUCER_FENCED -> fatal(Errors.PRODUCER_FENCED.exception());
            default -> {
                if (!(error.exception() instanceof RetriableException))
                    return false;
                retry();
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return request().toString();
    }
}
