package dev.millrace.internal.producer.accumulate;

import org.apache.kafka.common.TopicPartition;

/**
 * Lets records in, or refuses them: a transactional producer takes records only while a transaction is open, and has to know
 * which partitions they go to.
 *
 * <p>It costs a record one volatile read; only a partition's first record in a transaction takes the longer way.
 */
public interface AppendGate {

    /** Always open, and has no transactions. */
    AppendGate OPEN = new AppendGate() {
        @Override
        public long openTransaction() {
            return 1;
        }

        @Override
        public long join(TopicPartition partition) {
            return 1;
        }
    };

    /** The number of the transaction that is open, 1 or more, another for each; 0 while none is. */
    long openTransaction();

    /**
     * Takes a partition into the open transaction; called with the partition's lock held.
     *
     * @return the number of the open transaction
     * @throws RuntimeException when no record may be sent
     */
    long join(TopicPartition partition);
}
