package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.EndTransaction;
import dev.millrace.internal.producer.net.TransactionResponse;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.protocol.Errors;

/** Commits or aborts; goes when nothing of the transaction is on its way any more. */
final class EndTransactionCall extends TransactionCall {

    private final EndTransaction request;

    EndTransactionCall(TransactionManager manager, EndTransaction request) {
        super(manager, Priority.END_TRANSACTION, new TransactionResult("EndTxn(" + request.commit() + ")"));
        this.request = request;
    }

    @Override
    public TransactionRequest request() {
        return request;
    }

    @Override
    void handle(TransactionResponse response) {
        Errors error = response.error();
        if (error == Errors.NONE) {
            manager.ended(result, response.producerId(), response.epoch());
        } else if (!handledCommon(error)) {
            switch (error) {
                case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING ->
                        manager.fatal(this, error.exception());
                case UNKNOWN_PRODUCER_ID, TRANSACTION_ABORTABLE -> {
                    if (!request.commit())
                        // To abort what can't be aborted would go round for ever.
                        manager.fatal(this, new KafkaException("Failed to abort transaction", error.exception()));
                    else if (error == Errors.TRANSACTION_ABORTABLE)
                        manager.abortable(this, error.exception());
                    else
                        manager.abortableIfPossible(this, error.exception());
                }
                default -> manager.fatal(this, new KafkaException("Unhandled error in EndTxnResponse: " + error.message()));
            }
        }
    }
}
