package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.accumulate.AppendGate;
import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.TransactionRequest.AddPartitions;
import dev.millrace.internal.producer.net.TransactionRequest.CommitOffsets;
import dev.millrace.internal.producer.net.TransactionRequest.EndTransaction;
import dev.millrace.internal.producer.net.TransactionRequest.ProducerIdentity;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;

/**
 * The state machine of a transactional producer (KIP-98, KIP-360, KIP-890, KIP-1050). Does no I/O: callers begin operations here,
 * the sender thread takes the requests they need, and brings the answers.
 *
 * <p>Which protocol is spoken, with partitions added before their first use (TV1) or by the brokers themselves and with a new
 * epoch for each transaction (TV2), is asked when the producer is initialized and when a transaction ends, never within one.
 *
 * <p>Lock: this object, for its parts too; what is read without it is volatile. A partition's lock may be held when it is taken
 * ({@link #join}), so none is taken under it. What callers do wrong throws and changes nothing; what answers do wrong is the end
 * ({@code FATAL_ERROR}).
 */
public final class TransactionManager implements AppendGate {

    private final String transactionalId;
    private final Logger log;
    private final TransactionLifecycle lifecycle;
    private final ProducerEpoch epoch;
    private final TransactionContents contents = new TransactionContents();
    private final PendingOperation pending = new PendingOperation();
    private final CallQueue calls;
    private final TransactionErrors errors;
    private final TransactionAnswers answers;

    /**
     * @param transactionalId not null
     * @param transactionTimeoutMs {@code transaction.timeout.ms}
     * @param retryBackoffMs {@code retry.backoff.ms}
     * @param coordinators the sender thread's; of it, only its features are asked by others
     */
    public TransactionManager(String transactionalId, int transactionTimeoutMs, long retryBackoffMs,
                              CoordinatorClient coordinators, Time time, Logger log) {
        this.transactionalId = transactionalId;
        this.log = log;
        this.lifecycle = new TransactionLifecycle(transactionalId, log);
        this.epoch = new ProducerEpoch(transactionalId, coordinators);
        this.calls = new CallQueue(coordinators, retryBackoffMs, time, log);
        this.errors = new TransactionErrors(lifecycle, epoch, pending, calls, log);
        this.answers = new TransactionAnswers(this, transactionalId, transactionTimeoutMs, lifecycle, epoch, contents, calls,
                errors, log);
    }

    // ---------------------------------------------------------------- callers

    /** Begins to ask for a producer id; fences and ends what an earlier producer of this id left. */
    public synchronized TransactionResult initialize() {
        throwIfError();
        return pending.begin(TransactionState.INITIALIZING, "initTransactions", () -> {
            lifecycle.become(TransactionState.INITIALIZING);
            TransactionResult result = new TransactionResult("InitProducerId");
            answers.requestProducerId(new ProducerIdentity(transactionalId, -1, (short) -1), result);
            return result;
        });
    }

    /** After a caller learned that the producer is initialized: which protocol the cluster wants now. */
    public synchronized void initialized() {
        epoch.updateProtocol();
    }

    public synchronized void beginTransaction() {
        pending.throwIfPending("beginTransaction");
        throwIfError();
        lifecycle.become(TransactionState.IN_TRANSACTION);
    }

    /** Begins to commit offsets as a part of the open transaction. */
    public synchronized TransactionResult sendOffsets(Map<TopicPartition, OffsetAndMetadata> offsets,
                                                      ConsumerGroupMetadata group) {
        pending.throwIfPending("sendOffsetsToTransaction");
        throwIfError();
        if (!lifecycle.is(TransactionState.IN_TRANSACTION))
            throw new IllegalStateException("Cannot send offsets if a transaction is not in progress (currentState= "
                    + lifecycle.state() + ")");
        CommitOffsets commit = new CommitOffsets(epoch.identity(), group, Map.copyOf(offsets), epoch.isTransactionV2());
        if (!epoch.isTransactionV2())
            return calls.add(new AddOffsetsCall(answers, commit)).result;
        contents.start();
        return calls.add(new CommitOffsetsCall(answers, commit, new TransactionResult("TxnOffsetCommitHandler"))).result;
    }

    public synchronized TransactionResult beginCommit() {
        return pending.begin(TransactionState.COMMITTING_TRANSACTION, "commitTransaction", () -> {
            throwIfError();
            return complete(TransactionState.COMMITTING_TRANSACTION);
        });
    }

    public synchronized TransactionResult beginAbort() {
        return pending.begin(TransactionState.ABORTING_TRANSACTION, "abortTransaction", () -> {
            if (!lifecycle.is(TransactionState.ABORTABLE_ERROR))
                throwIfError();
            return complete(TransactionState.ABORTING_TRANSACTION);
        });
    }

    private TransactionResult complete(TransactionState target) {
        lifecycle.become(target);
        boolean commit = target == TransactionState.COMMITTING_TRANSACTION;
        if (!commit)
            contents.dropWanted();
        return calls.add(new EndTransactionCall(answers,
                new EndTransaction(epoch.identity(), commit, epoch.isTransactionV2()))).result;
    }

    // ---------------------------------------------------------------- records, on the threads that send them

    @Override
    public long openTransaction() {
        return lifecycle.open();
    }

    @Override
    public long join(TopicPartition partition) {
        // Without the lock, which the sender thread needs to end a transaction: threads that send between transactions may be many.
        if (lifecycle.open() == 0)
            throwIfNotOpen(partition);
        return joinOpen(partition);
    }

    private void throwIfNotOpen(TopicPartition partition) {
        throwIfError();
        pending.throwIfPending("send");
        if (!epoch.hasIdentity())
            throw new IllegalStateException("Cannot add partition " + partition
                    + " to transaction before completing a call to initTransactions");
        TransactionState state = lifecycle.state();
        if (state != TransactionState.IN_TRANSACTION)
            throw new IllegalStateException("Cannot add partition " + partition
                    + " to transaction while in state  " + state);
    }

    private synchronized long joinOpen(TopicPartition partition) {
        throwIfNotOpen(partition);
        contents.join(partition, epoch.isTransactionV2());
        return lifecycle.open();
    }

    /** A record could not be sent, so that the transaction can't be whole: it must be aborted. */
    public synchronized void recordRefused(RuntimeException error) {
        errors.recordRefused(error);
    }

    /**
     * Any thread.
     *
     * @throws KafkaException or a more telling exception while an error stands in the way of everything but an abort
     */
    public void throwIfError() {
        if (lifecycle.state().isError())
            throwError();
    }

    private synchronized void throwError() {
        lifecycle.throwError(epoch.identity());
    }

    // ---------------------------------------------------------------- the sender thread asks

    /** Whether the brokers themselves take partitions into a transaction (KIP-890). */
    public boolean isTransactionV2() {
        return epoch.isTransactionV2();
    }

    public RuntimeException fatalError() {
        return lifecycle.is(TransactionState.FATAL_ERROR) ? error() : null;
    }

    private synchronized RuntimeException error() {
        return lifecycle.error();
    }

    /** Why batches that have not been sent yet must not be sent any more; null while they may. */
    public synchronized RuntimeException abortReason() {
        return lifecycle.abortReason();
    }

    /** The number of the transaction that is about to end, 0 while none is. */
    public synchronized long ending() {
        return lifecycle.ending();
    }

    public boolean hasOngoingTransaction() {
        return lifecycle.state().isOngoing();
    }

    /** How many answers came so far: after each, batches that were held may go. */
    public synchronized long answers() {
        return calls.answers();
    }

    /** Something is waiting for an answer, or to be asked. */
    public synchronized boolean hasCalls() {
        return !calls.isEmpty();
    }

    /**
     * The request to send next; it stays the next until {@link #sent}.
     *
     * @param appendsEnded the number of the transaction that got its last record before {@code hasIncomplete} was asked for: no
     *        other may end
     * @param hasIncomplete whether batches are on their way, which keeps a transaction from its end
     * @return null while an answer is awaited, or when there is nothing to ask
     */
    public synchronized TransactionCall next(long appendsEnded, boolean hasIncomplete) {
        if (calls.isAwaitingAnswer())
            return null;
        List<TopicPartition> wanted = contents.takeWanted();
        if (!wanted.isEmpty())
            calls.add(new AddPartitionsCall(answers, new AddPartitions(epoch.identity(), wanted)));
        TransactionCall call;
        while ((call = calls.first()) != null) {
            if (lifecycle.refuses(call)) {
                calls.remove(call);
                call.result.fail(lifecycle.error());
            } else if (call instanceof EndTransactionCall) {
                if (hasIncomplete || appendsEnded != lifecycle.number())
                    return null;
                if (contents.isStarted())
                    return call;
                calls.remove(call);
                log.debug("Nothing was sent in this transaction: the coordinator need not be told of its end");
                answers.ended(call.result, -1, (short) -1);
            } else {
                return call;
            }
        }
        return null;
    }

    /** The request that {@link #next} gave is on the wire. */
    public synchronized void sent(TransactionCall call) {
        calls.sent(call);
    }

    /** Asks who the coordinator of a call is, before the call is sent. */
    public synchronized void lookUp(TransactionCall call) {
        calls.lookUp(call);
    }

    /** Holds a call back for {@code retry.backoff.ms}. */
    public synchronized void backOff(TransactionCall call) {
        calls.backOff(call);
    }

    /** The transaction coordinator is connected. */
    public synchronized void coordinatorReady() {
        epoch.coordinatorReady();
    }

    /** The brokers do not accept who we are. */
    public synchronized void authenticationFailed(AuthenticationException error) {
        errors.fatal(error);
    }

    /** The producer is closed, and does not wait for the transaction. */
    public synchronized void close() {
        errors.fatal(new KafkaException("The producer closed forcefully"));
    }

    // ---------------------------------------------------------------- sequences ask and tell

    /** Id and epoch as they are now; the same object until they change. */
    ProducerIdentity identity() {
        return epoch.identity();
    }

    boolean hasIdentity() {
        return epoch.hasIdentity();
    }

    /** Whether batches of a partition may go: it is a part of the transaction. */
    synchronized boolean maySend(TopicPartition partition) {
        return !lifecycle.is(TransactionState.FATAL_ERROR) && contents.contains(partition);
    }

    /** A batch leaves for a broker, which may take its partition into the transaction by itself. */
    synchronized void writing() {
        contents.start();
    }

    /**
     * A batch will not be acknowledged.
     *
     * @param sequenceLost its sequence is used up, and leaves a gap
     */
    synchronized void batchFailed(RuntimeException error, boolean sequenceLost) {
        errors.batchFailed(error, sequenceLost);
    }

    /** Batches were given up whose fate is not known, and those behind them have not shown it. */
    synchronized void sequenceGap() {
        errors.sequenceGap();
    }
}
