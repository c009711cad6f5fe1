package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.BrokerClient.ProducerIdResult;
import dev.millrace.internal.producer.net.PartitionResult;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownProducerIdException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;

/**
 * The idempotent producer: one producer id and epoch for all, sequences for each partition.
 *
 * <p>After a gap that can't be closed the client takes the next epoch by itself (KIP-360), and the partitions concerned count
 * from 0 again; the others follow when nothing of theirs is in flight.
 */
public final class SequenceTracker extends PartitionSequences {

    private final Logger log;
    /** Partitions for whose sake the epoch must be raised. */
    private final Set<TopicPartition> toRestart = new HashSet<>();
    private boolean requested;
    /** Written by the sender thread, or by one whose record was refused; read by any. */
    private volatile RuntimeException fatalError;

    public SequenceTracker(Logger log) {
        this.log = log;
    }

    @Override
    public boolean maySend(ProducerBatch head) {
        // Before an epoch ends, batches that may be in the log are asked for under their sequences: under new ones they would be
        // written again.
        boolean waits = toRestart.contains(head.topicPartition()) && !(head.hasSequence() && head.isInDoubt());
        return !waits && super.maySend(head);
    }

    @Override
    public boolean canRetry(ProducerBatch batch, PartitionResult result) {
        PartitionSequence partition = partitions.get(batch.topicPartition());
        mayBeForgotten(partition, result);
        if (result.error() == Errors.UNKNOWN_PRODUCER_ID || result.error() == Errors.OUT_OF_ORDER_SEQUENCE_NUMBER)
            batch.foundNowhere();
        if (result.error() == Errors.UNKNOWN_PRODUCER_ID) {
            // Without the log's start the broker could not tell, and will. Else it lost its state, mostly with the log's head;
            // once more, perhaps: what is on the wire is never given a new sequence, so this is about the one it has.
            if (result.logStartOffset() != -1)
                toRestart.add(batch.topicPartition());
            return true;
        }
        if (result.error() == Errors.OUT_OF_ORDER_SEQUENCE_NUMBER && partition != null) {
            boolean waitsForEarlier = !partition.isUnresolved() && !partition.follows(batch.baseSequence());
            if (!waitsForEarlier
                    && (!partition.isUnresolved() || partition.isNextAfterUnresolved(batch.baseSequence())))
                // Nothing that is still to come could fill the gap.
                toRestart.add(batch.topicPartition());
            return true;
        }
        return result.error().exception() instanceof RetriableException;
    }

    @Override
    public void failed(ProducerBatch batch, RuntimeException error, boolean appendedNowhere) {
        if (isFatal(error))
            fatalError = error;
        PartitionSequence partition = partitions.get(batch.topicPartition());
        if (partition == null || !batch.hasSequence())
            return;
        partition.remove(batch);
        if (fatalError != null)
            return;
        if (appendedNowhere || error instanceof OutOfOrderSequenceException || error instanceof UnknownProducerIdException) {
            toRestart.add(batch.topicPartition());
        } else {
            partition.markUnresolved(batch);
            unresolved.add(batch.topicPartition());
        }
    }

    private static boolean isFatal(RuntimeException error) {
        return error instanceof ClusterAuthorizationException || error instanceof UnsupportedVersionException;
    }

    @Override
    public void abandoned(ProducerBatch batch, RuntimeException reason) {
        markUnresolved(batch);
    }

    @Override
    public boolean settle() {
        boolean settled = settleUnresolved((topicPartition, partition) -> {
            log.info("Nothing is in flight to {} any more; acknowledged up to sequence {}, next would be {}: "
                    + "taking the next producer epoch", topicPartition, partition.lastAcked(), partition.next());
            toRestart.add(topicPartition);
        });
        if (producerId != NO_ID && toRestart.stream().anyMatch(this::canRestart)) {
            raiseEpoch();
            settled = true;
        }
        return settled;
    }

    private boolean canRestart(TopicPartition topicPartition) {
        PartitionSequence partition = partitions.get(topicPartition);
        return partition == null || partition.canRestart();
    }

    private void raiseEpoch() {
        if (epoch == Short.MAX_VALUE) {
            // No epoch left: a new id, which a broker must give.
            producerId = NO_ID;
            epoch = -1;
            return;
        }
        epoch++;
        log.debug("Producer {} goes on with epoch {} because of {}", producerId, epoch, toRestart);
        restartPartitions();
    }

    private void restartPartitions() {
        for (Iterator<TopicPartition> it = toRestart.iterator(); it.hasNext(); ) {
            TopicPartition topicPartition = it.next();
            if (!canRestart(topicPartition))
                continue;
            PartitionSequence partition = partitions.get(topicPartition);
            if (partition != null)
                partition.restart(producerId, epoch);
            unresolved.remove(topicPartition);
            it.remove();
        }
    }

    @Override
    public boolean wantsProducerId() {
        return producerId == NO_ID && !requested && fatalError == null;
    }

    @Override
    public void producerIdRequested() {
        requested = true;
    }

    @Override
    public RuntimeException producerIdReceived(ProducerIdResult result) {
        requested = false;
        Errors error = result.error();
        if (error == Errors.NONE && (result.producerId() < 0 || result.epoch() < 0)) {
            // With it batches would be written as if they had no sequences.
            log.warn("Got producer id {} with epoch {}, which are none; asking again", result.producerId(), result.epoch());
            return null;
        }
        if (error == Errors.NONE) {
            producerId = result.producerId();
            epoch = result.epoch();
            log.info("ProducerId set to {} with epoch {}", producerId, epoch);
            restartPartitions();
            return null;
        }
        if (error.exception() instanceof RetriableException)
            return null;
        if (error == Errors.CLUSTER_AUTHORIZATION_FAILED || error == Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
            // An operator can mend it: fail what is here, and ask again for what comes.
            return error.exception();
        fatalError = new KafkaException("Unexpected error in InitProducerIdResponse; " + error.message());
        return fatalError;
    }

    @Override
    public RuntimeException fatalError() {
        return fatalError;
    }

    @Override
    public void throwIfFatal() {
        RuntimeException cause = fatalError;
        if (cause != null)
            throw new KafkaException("Cannot send because this producer is in an error state; close it and make a new one",
                    cause);
    }

    @Override
    public void recordRefused(RuntimeException error) {
        if (isFatal(error))
            fatalError = error;
    }
}
