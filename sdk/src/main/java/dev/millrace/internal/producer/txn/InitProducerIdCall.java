package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.InitProducerId;
import dev.millrace.internal.producer.net.TransactionResponse;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.protocol.Errors;

/**
 * The first producer id and epoch, which ends what an earlier producer of the same transactional id left open and fences it; or
 * the next epoch after a transaction that lost sequences (KIP-360).
 */
final class InitProducerIdCall extends TransactionCall {

    private final InitProducerId request;

    InitProducerIdCall(TransactionAnswers answers, InitProducerId request, TransactionResult result) {
        super(answers, Priority.INIT_PRODUCER_ID, result);
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
            answers.initialized(response.producerId(), response.epoch());
            result.done();
        } else if (!handledCommon(error)) {
            switch (error) {
                // An operator can mend it: the producer may be initialized again.
                case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED -> {
                    result.fail(error.exception());
                    answers.uninitialized(error.exception());
                }
                case TRANSACTION_ABORTABLE -> abortable(error.exception());
                default -> fatal(new KafkaException("Unexpected error in InitProducerIdResponse; " + error.message()));
            }
        }
    }
}
