package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.AddOffsets;
import dev.millrace.internal.producer.net.TransactionRequest.CommitOffsets;
import dev.millrace.internal.producer.net.TransactionResponse;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.protocol.Errors;

/** Takes a group's offsets into the transaction, and then commits them; without KIP-890. */
final class AddOffsetsCall extends TransactionCall {

    private final AddOffsets request;
    private final CommitOffsets commit;

    AddOffsetsCall(TransactionAnswers answers, CommitOffsets commit) {
        super(answers, Priority.ADD_PARTITIONS_OR_OFFSETS, new TransactionResult("AddOffsetsToTxn"));
        this.request = new AddOffsets(commit.producer(), commit.group().groupId());
        this.commit = commit;
    }

    @Override
    public TransactionRequest request() {
        return request;
    }

    @Override
    void handle(TransactionResponse response) {
        Errors error = response.error();
        if (error == Errors.NONE) {
            // Not done yet: the caller waits until the offsets are committed.
            answers.offsetsAdded(new CommitOffsetsCall(answers, commit, result));
        } else if (!handledCommon(error)) {
            switch (error) {
                case UNKNOWN_PRODUCER_ID -> abortableIfPossible(error.exception());
                case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING ->
                        fatal(error.exception());
                case GROUP_AUTHORIZATION_FAILED -> abortable(GroupAuthorizationException.forGroupId(request.groupId()));
                case TRANSACTION_ABORTABLE -> abortable(error.exception());
                default -> fatal(new KafkaException("Unexpected error in AddOffsetsToTxnResponse: " + error.message()));
            }
        }
    }
}
