package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.EndTransaction;
import dev.millrace.internal.producer.net.TransactionResponse;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.protocol.Errors;

/** Commits or aborts; goes when nothing of the transaction is on its way any more. */
final class EndTransactionCall extends TransactionCall {

    private final EndTransaction request;

    EndTransactionCall(TransactionAnswers answers, EndTransaction request) {
        super(answers, Priority.END_TRANSACTION, new TransactionResult("EndTxn(" + request.commit() + ")"));
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
            answers.ended(result, response.producerId(), response.epoch());
        } else if (!handledCommon(error)) {
            switch (error) {
                case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING ->
                        fatal(error.exception());
                case UNKNOWN_PRODUCER_ID, TRANSACTION_ABORTABLE -> {
                    if (!request.commit())
                        // To abort what can't be aborted would go round for ever.
                        fatal(new KafkaException("Failed to abort transaction", error.exception()));
                    else if (error == Errors.TRANSACTION_ABORTABLE)
                        abortable(error.exception());
                    else
                        abortableIfPossible(error.exception());
                }
                default -> fatal(new KafkaException("Unhandled error in EndTxnResponse: " + error.message()));
            }
        }
    }
}
