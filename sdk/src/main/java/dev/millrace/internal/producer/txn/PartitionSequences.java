package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.BrokerClient.ProducerIdResult;
import dev.millrace.internal.producer.net.PartitionResult;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.protocol.Errors;

/** What idempotent producers with and without transactions have in common. Sender thread only. */
abstract class PartitionSequences implements Sequences {

    static final long NO_ID = -1;

    final Map<TopicPartition, PartitionSequence> partitions = new HashMap<>();
    /** Partitions with batches that were given up and may have been written. */
    final Set<TopicPartition> unresolved = new HashSet<>();
    long producerId = NO_ID;
    short epoch = -1;

    @Override
    public boolean maySend(ProducerBatch head) {
        if (producerId == NO_ID)
            return false;
        PartitionSequence partition = partitions.get(head.topicPartition());
        if (partition == null)
            return true;
        if (head.hasSequence())
            // A retry: one after the other, or a gap before it would be refused again.
            return partition.firstOpen() == head;
        if (partition.isUnresolved())
            return false;
        if (partition.hasOpen() && !partition.isEstablished())
            // A partition that knows nothing of this producer takes any sequence as its first. Of two batches on the way the
            // first may meet a leader that is not ready yet, and the second one that is; then the first is refused for ever.
            return false;
        // Sequence 0 of a new epoch must not overtake batches of the old one.
        return partition.isOf(producerId, epoch) || !partition.hasOpen();
    }

    @Override
    public void assign(ProducerBatch batch) {
        if (batch.hasSequence())
            // Never another: the broker may have it already under this one.
            return;
        PartitionSequence partition = partitions.computeIfAbsent(batch.topicPartition(),
                p -> new PartitionSequence(producerId, epoch));
        if (!partition.isOf(producerId, epoch))
            partition.restart(producerId, epoch);
        partition.assign(batch);
    }

    /** After some errors the partition may be another by now, which has never heard of this producer. */
    static void mayBeForgotten(PartitionSequence partition, PartitionResult result) {
        if (partition != null && (result.error() == Errors.UNKNOWN_PRODUCER_ID
                || result.error().exception() instanceof InvalidMetadataException))
            partition.mayBeForgotten();
    }

    @Override
    public void acked(ProducerBatch batch) {
        PartitionSequence partition = partitions.get(batch.topicPartition());
        if (partition != null)
            partition.acked(batch);
    }

    @Override
    public void split(ProducerBatch batch, List<ProducerBatch> parts) {
        PartitionSequence partition = partitions.get(batch.topicPartition());
        if (partition != null && batch.hasSequence())
            partition.replace(batch, parts);
    }

    /** A batch was given up that may have been written. */
    final void markUnresolved(ProducerBatch batch) {
        PartitionSequence partition = partitions.get(batch.topicPartition());
        if (partition == null || !batch.hasSequence())
            return;
        partition.remove(batch);
        partition.markUnresolved(batch);
        unresolved.add(batch.topicPartition());
    }

    /**
     * Looks at what was given up, where nothing is open any more.
     *
     * @param gap told of partitions where something is missing
     */
    final boolean settleUnresolved(BiConsumer<TopicPartition, PartitionSequence> gap) {
        boolean settled = false;
        for (Iterator<TopicPartition> it = unresolved.iterator(); it.hasNext(); ) {
            TopicPartition topicPartition = it.next();
            PartitionSequence partition = partitions.get(topicPartition);
            if (partition != null && partition.hasOpen())
                continue;
            it.remove();
            settled = true;
            if (partition == null)
                continue;
            if (partition.follows(partition.next()))
                // A batch expired here, yet the broker had it, for those behind it were taken.
                partition.resolved();
            else
                gap.accept(topicPartition, partition);
        }
        return settled;
    }

    // Only producers without transactions ask for their ids themselves.

    @Override
    public boolean wantsProducerId() {
        return false;
    }

    @Override
    public void producerIdRequested() {
        throw new IllegalStateException("The producer id comes with the transactional id");
    }

    @Override
    public RuntimeException producerIdReceived(ProducerIdResult result) {
        throw new IllegalStateException("The producer id comes with the transactional id");
    }
}
