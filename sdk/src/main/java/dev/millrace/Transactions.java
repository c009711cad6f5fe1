package dev.millrace;

import dev.millrace.internal.producer.metrics.CallMetrics;
import dev.millrace.internal.producer.metrics.CallMetrics.Call;
import dev.millrace.internal.producer.txn.TransactionManager;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Time;

/** The transactional methods, on the threads that call them: begin an operation, wake the sender thread, wait for it. */
final class Transactions {

    /** Null for a producer without transactions. */
    private final TransactionManager manager;
    private final boolean idempotent;
    private final Runnable wakeSender;
    private final long maxBlockMs;
    private final CallMetrics metrics;
    private final Time time;

    Transactions(TransactionManager manager, boolean idempotent, Runnable wakeSender, long maxBlockMs, CallMetrics metrics,
                 Time time) {
        this.manager = manager;
        this.idempotent = idempotent;
        this.wakeSender = wakeSender;
        this.maxBlockMs = maxBlockMs;
        this.metrics = metrics;
        this.time = time;
    }

    void init() {
        await(Call.TXN_INIT, manager()::initialize, "InitTransactions timed out - did not complete coordinator discovery or"
                + " receive the InitProducerId response within max.block.ms.");
        manager.initialized();
    }

    void begin() {
        long startNs = time.nanoseconds();
        manager().beginTransaction();
        metrics.record(Call.TXN_BEGIN, time.nanoseconds() - startNs);
    }

    void sendOffsets(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
        if (offsets.isEmpty())
            return;
        TransactionManager known = manager();
        await(Call.TXN_SEND_OFFSETS, () -> known.sendOffsets(offsets, group), "SendOffsetsToTransaction timed out - did not"
                + " reach the coordinator or receive the TxnOffsetCommit/AddOffsetsToTxn response within max.block.ms");
    }

    void commit() {
        await(Call.TXN_COMMIT, manager()::beginCommit, "CommitTransaction timed out - did not complete EndTxn with the"
                + " transaction coordinator within max.block.ms");
    }

    void abort() {
        await(Call.TXN_ABORT, manager()::beginAbort, "AbortTransaction timed out - did not complete EndTxn(abort) with the"
                + " transaction coordinator within max.block.ms");
    }

    private void await(Call call, Supplier<TransactionResult> operation, String reasonOfTimeout) {
        long startNs = time.nanoseconds();
        TransactionResult result = operation.get();
        wakeSender.run();
        result.await(maxBlockMs, reasonOfTimeout);
        metrics.record(call, time.nanoseconds() - startNs);
    }

    /** Only who could have transactions is told that this producer has none; the others, how to have them. */
    void throwIfNotEnabled() {
        if (!idempotent)
            throw new IllegalStateException("Cannot use transactional methods without enabling transactions by setting the "
                    + ProducerConfig.TRANSACTIONAL_ID_CONFIG + " configuration property");
    }

    static void throwIfInvalid(ConsumerGroupMetadata group) {
        if (group == null)
            throw new IllegalArgumentException("Consumer group metadata could not be null");
        if (group.generationId() > 0 && group.memberId().isEmpty())
            throw new IllegalArgumentException("Passed in group metadata " + group
                    + " has generationId > 0 but the member.id is unknown");
    }

    private TransactionManager manager() {
        if (manager == null)
            throw new IllegalStateException("Transactional method invoked on a non-transactional producer. Set the "
                    + ProducerConfig.TRANSACTIONAL_ID_CONFIG + " configuration property to use transactions.");
        return manager;
    }
}
