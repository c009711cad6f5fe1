package dev.millrace.internal.producer.txn;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * What is a part of the transaction, and whether the coordinator may know of it. Without KIP-890 a partition is wanted, then asked
 * for, and then a part; with it, it is a part at once.
 *
 * <p>Lock: the manager's.
 */
final class TransactionContents {

    /** Guarded by the manager's lock, as all here is. */
    private final Set<TopicPartition> wanted = new HashSet<>();
    private final Set<TopicPartition> askedFor = new HashSet<>();
    private final Set<TopicPartition> partitions = new HashSet<>();
    /** The coordinator may know of the transaction, and must be told its end. */
    private boolean started;

    /** @param transactionV2 the brokers themselves take the partition in */
    void join(TopicPartition partition, boolean transactionV2) {
        if (transactionV2)
            partitions.add(partition);
        else if (!partitions.contains(partition) && !askedFor.contains(partition))
            wanted.add(partition);
    }

    /** The partitions to ask for; from now on they are asked for. */
    List<TopicPartition> takeWanted() {
        if (wanted.isEmpty())
            return List.of();
        List<TopicPartition> taken = List.copyOf(wanted);
        askedFor.addAll(taken);
        wanted.clear();
        return taken;
    }

    /** Whoever has not been asked for need not be any more. */
    void dropWanted() {
        wanted.clear();
    }

    /** The coordinator has answered, whatever its answer was. */
    void answered(Collection<TopicPartition> answered) {
        askedFor.removeAll(answered);
    }

    void added(Collection<TopicPartition> added) {
        partitions.addAll(added);
        started = true;
    }

    /** Something goes out that may make the coordinator know of the transaction. */
    void start() {
        started = true;
    }

    boolean isStarted() {
        return started;
    }

    boolean contains(TopicPartition partition) {
        return partitions.contains(partition);
    }

    boolean hasPartitions() {
        return !partitions.isEmpty();
    }

    /** The transaction has ended. */
    void clear() {
        started = false;
        wanted.clear();
        askedFor.clear();
        partitions.clear();
    }
}
