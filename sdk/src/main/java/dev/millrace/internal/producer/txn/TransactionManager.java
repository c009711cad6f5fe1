package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.accumulate.AppendGate;
import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.CoordinatorClient.Features;
import dev.millrace.internal.producer.net.CoordinatorType;
import dev.millrace.internal.producer.net.TransactionRequest.AddPartitions;
import dev.millrace.internal.producer.net.TransactionRequest.CommitOffsets;
import dev.millrace.internal.producer.net.TransactionRequest.EndTransaction;
import dev.millrace.internal.producer.net.TransactionRequest.InitProducerId;
import dev.millrace.internal.producer.net.TransactionRequest.ProducerIdentity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;

/**
 * The state of a transactional producer (KIP-98, KIP-360, KIP-890, KIP-1050). Does no I/O: callers begin operations here, the
 * sender thread takes the requests they need, and brings the answers.
 *
 * <p>Which protocol is spoken, with partitions added before their first use (TV1) or by the brokers themselves and with a new
 * epoch for each transaction (TV2), is asked when the producer is initialized and when a transaction ends, never within one.
 *
 * <p>Lock: this object, for all that is not volatile. A partition's lock may be held when it is taken ({@link #join}), so none is
 * taken under it. What callers do wrong throws and changes nothing; what answers do wrong is the end ({@code FATAL_ERROR}).
 */
public final class TransactionManager implements AppendGate {

    private static final ProducerIdentity NOBODY = new ProducerIdentity(null, -1, (short) -1);

    /** A state change that a caller asked for, and has not been told the end of. */
    private record PendingTransition(TransactionState state, String operation, TransactionResult result) {
    }

    private final String transactionalId;
    private final int transactionTimeoutMs;
    private final long retryBackoffMs;
    private final CoordinatorClient coordinators;
    private final Time time;
    private final Logger log;

    private final PriorityQueue<TransactionCall> waiting = new PriorityQueue<>(
            Comparator.<TransactionCall>comparingInt(call -> call.priority.ordinal()).thenComparingLong(call -> call.number));
    /** Partitions with records that are not a part of the transaction yet: to be added, being added; only without KIP-890. */
    private final Set<TopicPartition> newPartitions = new HashSet<>();
    private final Set<TopicPartition> addedSoon = new HashSet<>();
    private final Set<TopicPartition> partitions = new HashSet<>();

    /** Written under this; read by any. */
    private volatile TransactionState state = TransactionState.UNINITIALIZED;
    private RuntimeException lastError;
    /** Written under this; read by any. */
    private volatile PendingTransition pending;
    private TransactionCall inFlight;
    private long calls;
    private long answers;
    private long transactions;
    /** The coordinator may know of the transaction, and must be told its end. */
    private boolean started;
    private boolean epochBumpRequired;
    private boolean coordinatorRaisesEpochs;
    private long featuresEpoch = -1;

    /** {@link #openTransaction}; written under this. */
    private volatile long open;
    /** Written under this by the sender thread; read by any. */
    private volatile ProducerIdentity identity = NOBODY;
    /** Written under this while no transaction is open; read by the sender thread. */
    private volatile boolean transactionV2;

    /**
     * @param transactionalId not null
     * @param transactionTimeoutMs {@code transaction.timeout.ms}
     * @param retryBackoffMs {@code retry.backoff.ms}
     * @param coordinators the sender thread's; of it, only its features are asked by others
     */
    public TransactionManager(String transactionalId, int transactionTimeoutMs, long retryBackoffMs,
                              CoordinatorClient coordinators, Time time, Logger log) {
        this.transactionalId = transactionalId;
        this.transactionTimeoutMs = transactionTimeoutMs;
        this.retryBackoffMs = retryBackoffMs;
        this.coordinators = coordinators;
        this.time = time;
        this.log = log;
    }

    public String transactionalId() {
        return transactionalId;
    }

    // ---------------------------------------------------------------- callers

    /** Begins to ask for a producer id; fences and ends what an earlier producer of this id left. */
    public synchronized TransactionResult initialize() {
        throwIfError();
        return begin(TransactionState.INITIALIZING, "initTransactions", () -> {
            become(TransactionState.INITIALIZING);
            TransactionResult result = new TransactionResult("InitProducerId");
            enqueue(new InitProducerIdCall(this, new InitProducerId(
                    new ProducerIdentity(transactionalId, -1, (short) -1), transactionTimeoutMs), result));
            return result;
        });
    }

    /** After a caller learned that the producer is initialized: which protocol the cluster wants now. */
    public synchronized void initialized() {
        updateProtocol();
    }

    public synchronized void beginTransaction() {
        throwIfPending("beginTransaction");
        throwIfError();
        become(TransactionState.IN_TRANSACTION);
        open = ++transactions;
    }

    /** Begins to commit offsets as a part of the open transaction. */
    public synchronized TransactionResult sendOffsets(Map<TopicPartition, OffsetAndMetadata> offsets,
                                                      ConsumerGroupMetadata group) {
        throwIfPending("sendOffsetsToTransaction");
        throwIfError();
        if (state != TransactionState.IN_TRANSACTION)
            throw new IllegalStateException(
                    "Cannot send offsets if a transaction is not in progress (currentState= " + state + ")");
        CommitOffsets commit = new CommitOffsets(identity, group, Map.copyOf(offsets), transactionV2);
        if (!transactionV2)
            return enqueue(new AddOffsetsCall(this, commit)).result;
        started = true;
        return enqueue(new CommitOffsetsCall(this, commit, new TransactionResult("TxnOffsetCommitHandler"))).result;
    }

    public synchronized TransactionResult beginCommit() {
        return begin(TransactionState.COMMITTING_TRANSACTION, "commitTransaction", () -> {
            throwIfError();
            return complete(TransactionState.COMMITTING_TRANSACTION);
        });
    }

    public synchronized TransactionResult beginAbort() {
        return begin(TransactionState.ABORTING_TRANSACTION, "abortTransaction", () -> {
            if (state != TransactionState.ABORTABLE_ERROR)
                throwIfError();
            return complete(TransactionState.ABORTING_TRANSACTION);
        });
    }

    private TransactionResult complete(TransactionState target) {
        become(target);
        open = 0;
        boolean commit = target == TransactionState.COMMITTING_TRANSACTION;
        if (!commit)
            newPartitions.clear();
        return enqueue(new EndTransactionCall(this, new EndTransaction(identity, commit, transactionV2))).result;
    }

    /** A call that timed out is continued when it is repeated; until then nothing else may be begun. */
    private TransactionResult begin(TransactionState target, String operation, Supplier<TransactionResult> operationBegun) {
        if (pending != null && !pending.result.isAcked()) {
            if (pending.state != target)
                throw retryFirst(operation, pending);
            return pending.result;
        }
        pending = null;
        TransactionResult result = operationBegun.get();
        pending = new PendingTransition(target, operation, result);
        return result;
    }

    private void throwIfPending(String operation) {
        if (pending != null && !pending.result.isAcked())
            throw retryFirst(operation, pending);
        pending = null;
    }

    private static IllegalStateException retryFirst(String operation, PendingTransition before) {
        return new IllegalStateException("Cannot attempt operation `" + operation + "` because the previous call to `"
                + before.operation + "` timed out and must be retried");
    }

    // ---------------------------------------------------------------- records, on the threads that send them

    @Override
    public long openTransaction() {
        return open;
    }

    @Override
    public long join(TopicPartition partition) {
        // Without the lock, which the sender thread needs to end a transaction: threads that send between transactions may be many.
        if (open == 0)
            throwIfNotOpen(partition);
        return joinOpen(partition);
    }

    private void throwIfNotOpen(TopicPartition partition) {
        throwIfError();
        PendingTransition before = pending;
        if (before != null && !before.result.isAcked())
            throw retryFirst("send", before);
        if (identity == NOBODY)
            throw new IllegalStateException("Cannot add partition " + partition
                    + " to transaction before completing a call to initTransactions");
        if (state != TransactionState.IN_TRANSACTION)
            throw new IllegalStateException("Cannot add partition " + partition
                    + " to transaction while in state  " + state);
    }

    private synchronized long joinOpen(TopicPartition partition) {
        throwIfNotOpen(partition);
        if (transactionV2)
            partitions.add(partition);
        else if (!partitions.contains(partition) && !addedSoon.contains(partition))
            newPartitions.add(partition);
        return open;
    }

    /** A record could not be sent, so that the transaction can't be whole: it must be aborted. */
    public synchronized void recordRefused(RuntimeException error) {
        if (state != TransactionState.FATAL_ERROR)
            failed(error, this::become);
    }

    /**
     * Any thread.
     *
     * @throws KafkaException or a more telling exception while an error stands in the way of everything but an abort
     */
    public void throwIfError() {
        if (state.isError())
            throwError();
    }

    private synchronized void throwError() {
        String who = "Producer with transactionalId '" + transactionalId + "' and ProducerIdAndEpoch(producerId="
                + identity.producerId() + ", epoch=" + identity.epoch() + ")";
        // Anew, with the trace of this call.
        if (lastError instanceof ProducerFencedException)
            throw new ProducerFencedException(who + " has been fenced by another producer with the same transactionalId");
        if (lastError instanceof InvalidProducerEpochException)
            throw new InvalidProducerEpochException(who + " attempted to produce with an old epoch");
        if (lastError instanceof IllegalStateException)
            throw new IllegalStateException(who + " cannot execute transactional method because of previous invalid state"
                    + " transition attempt", lastError);
        if (lastError != null)
            throw new KafkaException("Cannot execute transactional method because we are in an error state", lastError);
    }

    // ---------------------------------------------------------------- the sender thread asks

    /** Id and epoch as they are now; the same object until they change. */
    ProducerIdentity identity() {
        return identity;
    }

    boolean hasIdentity() {
        return identity != NOBODY;
    }

    /** Whether the brokers themselves take partitions into a transaction (KIP-890). */
    public boolean isTransactionV2() {
        return transactionV2;
    }

    /** Whether batches of a partition may go: it is a part of the transaction. */
    synchronized boolean maySend(TopicPartition partition) {
        return state != TransactionState.FATAL_ERROR && partitions.contains(partition);
    }

    public RuntimeException fatalError() {
        return state == TransactionState.FATAL_ERROR ? error() : null;
    }

    private synchronized RuntimeException error() {
        return lastError;
    }

    /** Why batches that have not been sent yet must not be sent any more; null while they may. */
    public synchronized RuntimeException abortReason() {
        return switch (state) {
            case ABORTABLE_ERROR -> lastError;
            case ABORTING_TRANSACTION -> new TransactionAbortedException();
            default -> null;
        };
    }

    public synchronized boolean isCompleting() {
        return state.isCompleting();
    }

    /** The number of the transaction that is about to end, 0 while none is. */
    public synchronized long ending() {
        return state.isCompleting() ? transactions : 0;
    }

    public synchronized boolean hasOngoingTransaction() {
        return state.isOngoing();
    }

    /** How many answers came so far: after each, batches that were held may go. */
    public synchronized long answers() {
        return answers;
    }

    /** Something is waiting for an answer, or to be asked. */
    public synchronized boolean hasCalls() {
        return inFlight != null || !waiting.isEmpty();
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
        if (inFlight != null)
            return null;
        addNewPartitions();
        TransactionCall call;
        while ((call = waiting.peek()) != null) {
            if (state.isError() && !(state == TransactionState.ABORTABLE_ERROR && call instanceof FindCoordinatorCall)) {
                waiting.remove();
                call.result.fail(lastError);
            } else if (call instanceof EndTransactionCall) {
                if (hasIncomplete || appendsEnded != transactions)
                    return null;
                if (started)
                    return call;
                waiting.remove();
                log.debug("Nothing was sent in this transaction: the coordinator need not be told of its end");
                ended(call.result, -1, (short) -1);
            } else {
                return call;
            }
        }
        return null;
    }

    private void addNewPartitions() {
        if (newPartitions.isEmpty())
            return;
        addedSoon.addAll(newPartitions);
        enqueue(new AddPartitionsCall(this, new AddPartitions(identity, List.copyOf(newPartitions))));
        newPartitions.clear();
    }

    /** The request that {@link #next} gave is on the wire. */
    public synchronized void sent(TransactionCall call) {
        waiting.remove(call);
        inFlight = call;
    }

    /** Asks who the coordinator of a call is, before the call is sent. */
    public synchronized void lookUp(TransactionCall call) {
        CoordinatorType type = call.coordinator();
        if (type == null)
            return;
        String key = call.coordinatorKey();
        if (waiting.stream().noneMatch(other -> other instanceof FindCoordinatorCall find && find.isFor(type, key)))
            enqueue(new FindCoordinatorCall(this, type, key));
        coordinators.forget(type);
    }

    /** Holds a call back for {@code retry.backoff.ms}. */
    public synchronized void backOff(TransactionCall call) {
        call.backOff(time.milliseconds() + retryBackoffMs);
    }

    /** The coordinator is connected: whether it raises epochs is known now, and may be wanted when it is gone. */
    public synchronized void coordinatorReady() {
        coordinatorRaisesEpochs = coordinators.coordinatorRaisesEpochs();
    }

    /** The brokers do not accept who we are. */
    public synchronized void authenticationFailed(AuthenticationException error) {
        becomeFatal(error);
    }

    /** The producer is closed, and does not wait for the transaction. */
    public synchronized void close() {
        becomeFatal(new KafkaException("The producer closed forcefully"));
    }

    // ---------------------------------------------------------------- sequences tell

    /** A batch leaves for a broker, which may take its partition into the transaction by itself. */
    synchronized void writing() {
        started = true;
    }

    /**
     * A batch will not be acknowledged.
     *
     * @param sequenceLost its sequence is used up, and leaves a gap
     */
    synchronized void batchFailed(RuntimeException error, boolean sequenceLost) {
        if (state == TransactionState.FATAL_ERROR)
            return;
        if (sequenceLost && !canRecoverSequences())
            becomeFatal(new KafkaException("A batch failed and leaves a gap, and the coordinator can't raise the producer's epoch:"
                    + " it isn't safe to continue", error));
        else
            failed(error, this::becomeByAnswer);
    }

    /** Batches were given up whose fate is not known, and those behind them have not shown it. */
    synchronized void sequenceGap() {
        String what = "The client hasn't received acknowledgment for some previously sent messages and can no longer retry them. ";
        if (canRecoverSequences()) {
            requireEpochBump();
            // What made us give the batches up tells more, and is known already.
            if (state != TransactionState.ABORTABLE_ERROR)
                becomeAbortable(new KafkaException(what + "It is safe to abort the transaction and continue."));
        } else {
            becomeFatal(new KafkaException(what + "It isn't safe to continue."));
        }
    }

    private void failed(RuntimeException error, Transition transition) {
        if (error instanceof ClusterAuthorizationException || error instanceof TransactionalIdAuthorizationException
                || error instanceof ProducerFencedException || error instanceof UnsupportedVersionException
                || error instanceof InvalidPidMappingException) {
            becomeFatal(error);
            return;
        }
        requireEpochBump();
        // To whom the transaction matters, a record that was retried in vain is a reason to abort, not to send it once more.
        RuntimeException reason = error instanceof RetriableException || error instanceof InvalidTxnStateException
                ? new TransactionAbortableException("Transaction Request was aborted after exhausting retries.", error) : error;
        becomeAbortable(reason, transition);
    }

    // ---------------------------------------------------------------- answers, on the sender thread

    /** The answer to a call is here. */
    synchronized void landed(TransactionCall call, Runnable handling) {
        answers++;
        if (inFlight == call)
            inFlight = null;
        if (state == TransactionState.FATAL_ERROR)
            call.result.fail(lastError);
        else
            handling.run();
    }

    void retry(TransactionCall call) {
        retryIn(call, retryBackoffMs);
    }

    void retryIn(TransactionCall call, long backoffMs) {
        if (call instanceof CommitOffsetsCall && state == TransactionState.ABORTING_TRANSACTION) {
            // It may never succeed, say, for a topic that is gone, and nobody wants it any more.
            call.result.fail(new TransactionAbortedException());
            return;
        }
        call.backOff(time.milliseconds() + backoffMs);
        enqueue(call);
    }

    void initialized(long producerId, short epoch) {
        setIdentity(producerId, epoch);
        becomeByAnswer(TransactionState.READY, null);
        log.info("ProducerId set to {} with epoch {}", producerId, epoch);
    }

    void uninitialized(TransactionCall call, RuntimeException error) {
        call.result.fail(error);
        failWaiting(new AuthenticationException(error));
        becomeByAnswer(TransactionState.UNINITIALIZED, null);
    }

    boolean hasPartitions() {
        return !partitions.isEmpty();
    }

    void partitionsAnswered(Collection<TopicPartition> answered) {
        addedSoon.removeAll(answered);
    }

    void partitionsAdded(Collection<TopicPartition> added) {
        partitions.addAll(added);
        started = true;
    }

    void offsetsAdded(CommitOffsetsCall commit) {
        started = true;
        enqueue(commit);
    }

    /**
     * The transaction has ended.
     *
     * @param producerId with {@code epoch} what the next transaction is to use (KIP-890), or -1
     */
    void ended(TransactionResult result, long producerId, short epoch) {
        if (producerId != -1)
            setIdentity(producerId, epoch);
        started = false;
        newPartitions.clear();
        addedSoon.clear();
        partitions.clear();
        // Not before: batches that wait for the end of linger go with the transaction that they are a part of.
        boolean before = transactionV2;
        updateProtocol();
        // The first transaction under the new protocol needs an epoch that the old one has not used.
        epochBumpRequired |= transactionV2 && !before;
        if (epochBumpRequired) {
            epochBumpRequired = false;
            becomeByAnswer(TransactionState.INITIALIZING, null);
            // Whoever waits for the end waits for the new epoch, too.
            enqueue(new InitProducerIdCall(this, new InitProducerId(identity, transactionTimeoutMs), result));
        } else {
            becomeByAnswer(TransactionState.READY, null);
            result.done();
        }
    }

    void fatal(TransactionCall call, RuntimeException error) {
        call.result.fail(error);
        becomeFatal(error);
    }

    void abortable(TransactionCall call, RuntimeException error) {
        call.result.fail(error);
        becomeAbortable(error);
    }

    void abortableIfPossible(TransactionCall call, RuntimeException error) {
        if (canRecoverSequences()) {
            requireEpochBump();
            abortable(call, error);
        } else {
            fatal(call, error);
        }
    }

    // ---------------------------------------------------------------- state, with the lock held

    private interface Transition {
        void to(TransactionState target, RuntimeException error);
    }

    private void become(TransactionState target) {
        become(target, null);
    }

    /** For callers: refuses what can't be. */
    private void become(TransactionState target, RuntimeException error) {
        if (!state.mayBecome(target))
            throw invalidTransition(target);
        log.debug("Transition from state {} to {}", state, target, error);
        state = target;
        lastError = error;
    }

    /** For answers: what can't be shows that nothing can be relied on any more. */
    private void becomeByAnswer(TransactionState target, RuntimeException error) {
        if (state.mayBecome(target)) {
            become(target, error);
        } else {
            IllegalStateException invalid = invalidTransition(target);
            becomeFatal(invalid);
            throw invalid;
        }
    }

    private IllegalStateException invalidTransition(TransactionState target) {
        return new IllegalStateException("TransactionalId " + transactionalId + ": Invalid transition attempted from state "
                + state + " to state " + target);
    }

    private void becomeAbortable(RuntimeException error) {
        becomeAbortable(error, this::becomeByAnswer);
    }

    private void becomeAbortable(RuntimeException error, Transition transition) {
        if (state == TransactionState.ABORTING_TRANSACTION) {
            log.debug("The transaction is being aborted anyway: {}", error.toString());
            return;
        }
        log.info("Transiting to abortable error state due to {}", error.toString());
        open = 0;
        transition.to(TransactionState.ABORTABLE_ERROR, error);
    }

    private void becomeFatal(RuntimeException error) {
        log.info("Transiting to fatal error state due to {}", error.toString());
        open = 0;
        become(TransactionState.FATAL_ERROR, error);
        if (pending != null)
            pending.result.fail(error);
        // Its answer may never come, when the producer is closed.
        if (inFlight != null)
            inFlight.result.fail(error);
        failWaiting(error);
    }

    private void failWaiting(RuntimeException error) {
        List<TransactionCall> failing = new ArrayList<>(waiting);
        waiting.clear();
        failing.forEach(call -> call.result.fail(error));
    }

    private void setIdentity(long producerId, short epoch) {
        identity = new ProducerIdentity(transactionalId, producerId, epoch);
    }

    private TransactionCall enqueue(TransactionCall call) {
        call.number = calls++;
        waiting.add(call);
        log.debug("Enqueuing transactional request {}", call);
        return call;
    }

    private void updateProtocol() {
        Features now = coordinators.features();
        if (now.epoch() <= featuresEpoch)
            return;
        featuresEpoch = now.epoch();
        transactionV2 = now.transactionVersion() >= 2;
    }

    private boolean canRecoverSequences() {
        return coordinatorRaisesEpochs || transactionV2;
    }

    private void requireEpochBump() {
        // With KIP-890 the end of the transaction brings a new epoch anyway.
        if (coordinatorRaisesEpochs && !transactionV2)
            epochBumpRequired = true;
    }
}
