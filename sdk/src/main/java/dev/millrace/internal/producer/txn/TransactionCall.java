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
 * is in the subclasses, one for each kind of request; all of them say it in the words of {@link TransactionManager}.
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

    final TransactionManager manager;
    final TransactionResult result;
    final Priority priority;
    /** Not again before, ms; guarded by the manager. */
    private long notBeforeMs = Long.MIN_VALUE;
    /** Among those of one priority, first come first served; set when it is queued, guarded by the manager. */
    long number;

    TransactionCall(TransactionManager manager, Priority priority, TransactionResult result) {
        this.manager = manager;
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
        return manager.transactionalId();
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
        manager.landed(this, () -> handle(response));
    }

    @Override
    public final void onDisconnect() {
        manager.landed(this, () -> {
            manager.lookUp(this);
            manager.retry(this);
        });
    }

    @Override
    public final void onUnsupported(UnsupportedVersionException error) {
        manager.landed(this, () -> manager.fatal(this, error));
    }

    /** It could not be sent, for a reason that nobody expects; else others would wait for its answer for ever. */
    public final void onUnsent(RuntimeException error) {
        manager.landed(this, () -> manager.fatal(this, new KafkaException("Could not send " + this, error)));
    }

    /** True when an error has been dealt with that means the same for every kind of request. */
    final boolean handledCommon(Errors error) {
        switch (error) {
            case NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE -> {
                manager.lookUp(this);
                manager.retry(this);
            }
            // Old coordinators say INVALID_PRODUCER_EPOCH where newer ones say PRODUCER_FENCED.
            case INVALID_PRODUCER_EPOCH, PRODUCER_FENCED -> manager.fatal(this, Errors.PRODUCER_FENCED.exception());
            default -> {
                if (!(error.exception() instanceof RetriableException))
                    return false;
                manager.retry(this);
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return request().toString();
    }
}
