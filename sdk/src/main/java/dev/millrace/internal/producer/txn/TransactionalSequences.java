package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.PartitionResult;
import dev.millrace.internal.producer.net.TransactionRequest.ProducerIdentity;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/**
 * Sequences of a transactional producer. Id and epoch are the {@link TransactionManager}'s; a gap is no matter of another epoch
 * here but of the transaction, which must be aborted.
 */
public final class TransactionalSequences extends PartitionSequences {

    private final TransactionManager manager;
    /** What {@link #producerId} and {@link #epoch} were taken from. */
    private ProducerIdentity identity;

    public TransactionalSequences(TransactionManager manager) {
        this.manager = manager;
    }

    private void takeIdentity() {
        ProducerIdentity now = manager.identity();
        if (now == identity || !manager.hasIdentity())
            return;
        identity = now;
        producerId = now.producerId();
        epoch = now.epoch();
        // A new epoch has nothing behind it that could be missing.
        unresolved.clear();
    }

    @Override
    public boolean maySend(ProducerBatch head) {
        takeIdentity();
        PartitionSequence partition = partitions.get(head.topicPartition());
        if (partition != null && !partition.isOf(producerId, epoch) && !partition.hasOpen())
            // A gap of the old epoch, or a batch of it that nobody knows the fate of, is no matter in the new one.
            partition.restart(producerId, epoch);
        return manager.maySend(head.topicPartition()) && super.maySend(head);
    }

    @Override
    public void assign(ProducerBatch batch) {
        takeIdentity();
        batch.markTransactional();
        manager.writing();
        super.assign(batch);
    }

    @Override
    public boolean canRetry(ProducerBatch batch, PartitionResult result) {
        PartitionSequence partition = partitions.get(batch.topicPartition());
        mayBeForgotten(partition, result);
        return switch (result.error()) {
            // Until the broker can tell whether the log's head is gone.
            case UNKNOWN_PRODUCER_ID -> result.logStartOffset() == -1;
            // One before it is still on its way. After a gap that stays, waiting is in vain.
            case OUT_OF_ORDER_SEQUENCE_NUMBER -> partition != null && !partition.hasGap() && !partition.isUnresolved()
                    && !partition.follows(batch.baseSequence());
            default -> result.error().exception() instanceof RetriableException;
        };
    }

    @Override
    public void failed(ProducerBatch batch, RuntimeException error, boolean appendedNowhere) {
        PartitionSequence partition = partitions.get(batch.topicPartition());
        boolean lost = partition != null && batch.hasSequence();
        if (lost) {
            partition.remove(batch);
            partition.leavesGap();
        }
        manager.batchFailed(error, lost);
    }

    @Override
    public void abandoned(ProducerBatch batch, RuntimeException reason) {
        markUnresolved(batch);
        manager.batchFailed(reason, false);
    }

    @Override
    public boolean settle() {
        takeIdentity();
        return settleUnresolved((topicPartition, partition) -> manager.sequenceGap());
    }

    @Override
    public RuntimeException fatalError() {
        return manager.fatalError();
    }

    @Override
    public void throwIfFatal() {
        manager.throwIfError();
    }

    @Override
    public void recordRefused(RuntimeException error) {
        manager.recordRefused(error);
    }
}
