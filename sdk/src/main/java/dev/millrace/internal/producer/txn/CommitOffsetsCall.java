package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.CoordinatorType;
import dev.millrace.internal.producer.net.TransactionRequest;
import dev.millrace.internal.producer.net.TransactionRequest.CommitOffsets;
import dev.millrace.internal.producer.net.TransactionResponse;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.apache.kafka.common.protocol.Errors;

/** Commits a group's offsets as a part of the transaction, again and again until all of them are. */
final class CommitOffsetsCall extends TransactionCall {

    private final CommitOffsets request;
    /** Guarded by the manager's lock. */
    private final Map<TopicPartition, OffsetAndMetadata> uncommitted;

    CommitOffsetsCall(TransactionAnswers answers, CommitOffsets request, TransactionResult result) {
        super(answers, Priority.ADD_PARTITIONS_OR_OFFSETS, result);
        this.request = request;
        this.uncommitted = new HashMap<>(request.offsets());
    }

    @Override
    public TransactionRequest request() {
        return new CommitOffsets(request.producer(), request.group(), Map.copyOf(uncommitted), request.transactionV2());
    }

    @Override
    public CoordinatorType coordinator() {
        return CoordinatorType.GROUP;
    }

    @Override
    String coordinatorKey() {
        return request.group().groupId();
    }

    @Override
    void handle(TransactionResponse response) {
        boolean lookUp = false;
        for (Map.Entry<TopicPartition, Errors> partition : response.partitions().entrySet()) {
            Errors error = partition.getValue();
            switch (error) {
                case NONE -> uncommitted.remove(partition.getKey());
                case NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, REQUEST_TIMED_OUT -> lookUp = true;
                default -> {
                    if (!(error.exception() instanceof RetriableException)) {
                        refused(error);
                        return;
                    }
                }
            }
        }
        if (uncommitted.isEmpty()) {
            result.done();
        } else {
            if (lookUp)
                lookUp();
            retry();
        }
    }

    @Override
    void retry() {
        if (answers.isAborting())
            // It may never succeed, say, for a topic that is gone, and nobody wants it any more.
            result.fail(new TransactionAbortedException());
        else
            super.retry();
    }

    private void refused(Errors error) {
        switch (error) {
            case GROUP_AUTHORIZATION_FAILED -> abortable(GroupAuthorizationException.forGroupId(request.group().groupId()));
            case FENCED_INSTANCE_ID, TRANSACTION_ABORTABLE -> abortable(error.exception());
            case UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION -> abortable(new CommitFailedException(
                    "Transaction offset Commit failed due to consumer group metadata mismatch: " + error.exception().getMessage()));
            case INVALID_PRODUCER_EPOCH, PRODUCER_FENCED -> fatal(Errors.PRODUCER_FENCED.exception());
            case TRANSACTIONAL_ID_AUTHORIZATION_FAILED, UNSUPPORTED_FOR_MESSAGE_FORMAT -> fatal(error.exception());
            default -> fatal(new KafkaException("Unexpected error in TxnOffsetCommitResponse: " + error.message()));
        }
    }
}
