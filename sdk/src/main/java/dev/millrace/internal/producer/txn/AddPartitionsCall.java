package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.AddPartitions;
import dev.millrace.internal.producer.net.TransactionResponse;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.protocol.Errors;

/** Takes partitions into the transaction before anything is written to them; without KIP-890. */
final class AddPartitionsCall extends TransactionCall {

    /** The markers of the transaction before are being written; that is a matter of few ms. */
    private static final long AFTER_LAST_TRANSACTION_MS = 20;

    private final AddPartitions request;

    AddPartitionsCall(TransactionAnswers answers, AddPartitions request) {
        super(answers, Priority.ADD_PARTITIONS_OR_OFFSETS, new TransactionResult("AddPartitionsToTxn"));
        this.request = request;
    }

    @Override
    public TransactionRequest request() {
        return request;
    }

    @Override
    void handle(TransactionResponse response) {
        Set<String> unauthorized = new HashSet<>();
        boolean failed = false;
        for (Map.Entry<TopicPartition, Errors> partition : response.partitions().entrySet()) {
            Errors error = partition.getValue();
            switch (error) {
                case NONE -> {
                }
                case TOPIC_AUTHORIZATION_FAILED -> unauthorized.add(partition.getKey().topic());
                case CONCURRENT_TRANSACTIONS -> {
                    if (answers.contents.hasPartitions())
                        retry();
                    else
                        answers.calls.retryIn(this, AFTER_LAST_TRANSACTION_MS);
                    return;
                }
                case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING -> {
                    fatal(error.exception());
                    return;
                }
                case UNKNOWN_PRODUCER_ID -> {
                    abortableIfPossible(error.exception());
                    return;
                }
                case TRANSACTION_ABORTABLE -> {
                    abortable(error.exception());
                    return;
                }
                default -> {
                    if (handledCommon(error))
                        return;
                    // OPERATION_NOT_ATTEMPTED among them: another partition's error is the reason.
                    failed = true;
                }
            }
        }
        // Whatever came of it: they do not wait any more, and batches that were sent before may be repeated.
        answers.contents.answered(request.partitions());
        if (!unauthorized.isEmpty()) {
            abortable(new TopicAuthorizationException(unauthorized));
        } else if (failed) {
            abortable(new KafkaException("Could not add partitions to transaction due to errors: " + response.partitions()));
        } else {
            answers.contents.added(request.partitions());
            result.done();
        }
    }
}
