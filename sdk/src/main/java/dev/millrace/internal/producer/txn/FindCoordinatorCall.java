package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.CoordinatorType;
import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.FindCoordinator;
import dev.millrace.internal.producer.net.TransactionResponse;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Which broker keeps the state of the transactional id, or of a group. */
final class FindCoordinatorCall extends TransactionCall {

    private final CoordinatorType type;
    private final String key;

    FindCoordinatorCall(TransactionAnswers answers, CoordinatorType type, String key) {
        super(answers, Priority.FIND_COORDINATOR, new TransactionResult("FindCoordinator"));
        this.type = type;
        this.key = key;
    }

    boolean isFor(CoordinatorType otherType, String otherKey) {
        return type == otherType && key.equals(otherKey);
    }

    @Override
    public TransactionRequest request() {
        return new FindCoordinator(type, key);
    }

    @Override
    public CoordinatorType coordinator() {
        return null;
    }

    @Override
    void handle(TransactionResponse response) {
        Errors error = response.error();
        if (error == Errors.NONE)
            result.done();
        else if (error.exception() instanceof RetriableException)
            retry();
        else if (error == Errors.GROUP_AUTHORIZATION_FAILED)
            abortable(GroupAuthorizationException.forGroupId(key));
        else if (error == Errors.TRANSACTION_ABORTABLE)
            abortable(error.exception());
        else if (error == Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
            fatal(error.exception());
        else
            fatal(new KafkaException("Could not find a coordinator with type " + type + " with key " + key
                    + " due to unexpected error: " + (response.message() == null ? error.message() : response.message())));
    }
}
