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

    InitProducerIdCall(TransactionManager manager, InitProducerId request, TransactionResult result) {
        super(manager, Priority.INIT_PRODUCER_ID, result);
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
            manager.initialized(response.producerId(), response.epoch());
            result.done();
        } else if (!handledCommon(error)) {
            switch (error) {
                // An operator can mend it: the producer may be initialized again.
                case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED ->
                        manager.uninitialized(this, error.exception());
                case TRANSACTION_ABORTABLE -> manager.abortable(this, error.exception());
                default -> manager.fatal(this,
                        new KafkaException("Unexpected error in InitProducerIdResponse; " + error.message()));
            }
        }
    }
}
