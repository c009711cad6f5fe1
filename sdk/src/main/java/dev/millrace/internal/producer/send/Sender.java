package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.accumulate.NodeQueue;
import dev.millrace.internal.producer.accumulate.ReadyPartitions;
import dev.millrace.internal.producer.accumulate.RecordAccumulator;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.metrics.SenderMetrics;
import dev.millrace.internal.producer.net.BrokerClient;
import dev.millrace.internal.producer.net.ClusterLeaders;
import dev.millrace.internal.producer.net.PartitionResult;
import dev.millrace.internal.producer.net.ProduceListener;
import dev.millrace.internal.producer.txn.Sequences;
import dev.millrace.partitioner.PartitionLoad;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;

/**
 * The one network thread: takes ready batches, sends them, and ends or repeats them by what comes back.
 *
 * <p>Threads: {@link #doWork} is for one thread. {@link #initiateClose}, {@link #forceClose} and {@link #wakeBy} are for any.
 */
public final class Sender implements Runnable, ProduceListener, ReadyPartitions.SendGate, RecordAccumulator.SenderWakeup {

    /** {@link #sleepsUntilMs} while the thread is awake: no wakeup is needed. */
    private static final long AWAKE = Long.MIN_VALUE;

    private final SenderSettings settings;
    private final RecordAccumulator accumulator;
    private final ReadyPartitions ready;
    private final Sequences sequences;
    private final TransactionWork transactions;
    private final BrokerClient broker;
    private final SenderMetrics metrics;
    private final Time time;
    private final Logger log;
    private final InFlightBatches inFlight = new InFlightBatches();

    /** Sender thread only. */
    private ClusterLeaders leaders;
    private Leadership leadership;
    private long nextExpiryMs;
    private long producerIdNotBeforeMs;

    /** Until when the thread will sleep, or {@link #AWAKE}; who finds something earlier sets it to AWAKE and wakes it. */
    private final AtomicLong sleepsUntilMs = new AtomicLong(AWAKE);
    /** Any thread; only ever from false to true. */
    private volatile boolean closing;
    private volatile boolean aborting;

    public Sender(SenderSettings settings, RecordAccumulator accumulator, Sequences sequences, TransactionWork transactions,
                  BrokerClient broker, SenderMetrics metrics, Time time, Logger log) {
        this.settings = settings;
        this.accumulator = accumulator;
        this.sequences = sequences;
        this.transactions = transactions;
        this.broker = broker;
        this.metrics = metrics;
        this.time = time;
        this.log = log;
        this.ready = new ReadyPartitions(accumulator, this, settings.availabilityTimeoutMs());
        accumulator.senderWakeup(this);
    }

    /** What partitioners may ask of the queues; any thread. */
    public PartitionLoad load() {
        return ready;
    }

    @Override
    public void run() {
        log.debug("Starting the sender thread");
        while (!closing)
            doWorkSafely();
        // Closed to appends by now: what is here is all there will be.
        while (!aborting && (accumulator.hasIncomplete() || broker.requestsInFlight() > 0 || transactions.isUnfinished()))
            doWorkSafely();
        while (!aborting && transactions.isOngoing()) {
            abortTransaction();
            doWorkSafely();
        }
        if (aborting) {
            transactions.close();
            abortUntilEmpty(new KafkaException("Producer is closed forcefully."));
        }
        try {
            broker.close();
        } catch (Exception e) {
            log.error("Failed to close the network client", e);
        }
        log.debug("The sender thread has ended");
    }

    /** A transaction that nobody ended is not to wait for its time-out at the coordinator. */
    private void abortTransaction() {
        try {
            transactions.abort();
        } catch (RuntimeException e) {
            log.error("The open transaction can't be aborted; closing without that", e);
            aborting = true;
        }
    }

    private void doWorkSafely() {
        try {
            doWork();
        } catch (Throwable e) {
            // Going on is better than a producer that hangs without its thread; the pause, in case it fails for ever.
            log.error("Uncaught error in the sender thread: ", e);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(settings.retryBackoffMs()));
        }
    }

    /** One round: settle, look at what changed, send, expire, and wait for the network or the next event. */
    public void doWork() {
        long nowMs = time.milliseconds();
        if (sequences.fatalError() != null) {
            abortAll(sequences.fatalError());
            accumulator.discardChanges();
            poll(Math.max(1, settings.retryBackoffMs()), nowMs);
            return;
        }
        Leadership current = leadership();
        ready.update(current, nowMs, transactions.takeChanged());
        // Before anything is sent, and before what it leaves open is settled: nothing else would bring this thread back.
        expire(nowMs);
        if (sequences.settle())
            ready.update(current, nowMs, true);
        requestProducerId(nowMs);
        long transactionsAtMs = transactions.advance(nowMs);
        Collection<String> leaderless = ready.leaderlessTopics();
        if (!leaderless.isEmpty())
            broker.requestLeaders(leaderless, nowMs);
        long atMs = sendReady(nowMs);
        atMs = Math.min(atMs, Math.min(transactionsAtMs, Math.min(ready.nextTimerMs(), nextExpiryMs)));
        if (sequences.wantsProducerId())
            // When no broker can be asked, the network tells as soon as one can.
            atMs = Math.min(atMs, Math.max(producerIdNotBeforeMs, nowMs + Math.max(1, settings.retryBackoffMs())));
        poll(atMs == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, atMs - nowMs), nowMs);
    }

    /** Sleeps in the network client, unless something came up after the queues were looked at. */
    private void poll(long timeoutMs, long nowMs) {
        sleepsUntilMs.set(timeoutMs > Long.MAX_VALUE - nowMs ? Long.MAX_VALUE : nowMs + timeoutMs);
        // After the set: an appender that came before it is seen here, one that comes after it sees it and wakes us.
        boolean stay = accumulator.hasChanged();
        broker.poll(stay ? 0 : timeoutMs, nowMs);
        sleepsUntilMs.set(AWAKE);
    }

    @Override
    public void wakeBy(long atMs) {
        long until = sleepsUntilMs.get();
        if (atMs < until && sleepsUntilMs.compareAndSet(until, AWAKE))
            broker.wakeup();
    }

    /** Wakes the thread whatever it waits for, or has it not wait the next time; any thread. */
    @Override
    public void wakeup() {
        broker.wakeup();
    }

    // ---------------------------------------------------------------- leaders and producer id

    private record Leadership(ClusterLeaders cluster) implements ReadyPartitions.Leaders {
        @Override
        public int leaderId(TopicPartition partition) {
            return cluster.leaderId(partition);
        }

        @Override
        public int leaderEpoch(TopicPartition partition) {
            return cluster.leaderEpoch(partition);
        }
    }

    private Leadership leadership() {
        ClusterLeaders now = broker.leaders();
        if (now != leaders) {
            leaders = now;
            leadership = new Leadership(now);
        }
        return leadership;
    }

    private void requestProducerId(long nowMs) {
        if (!sequences.wantsProducerId() || nowMs < producerIdNotBeforeMs)
            return;
        producerIdNotBeforeMs = nowMs + settings.retryBackoffMs();
        boolean sent = broker.initProducerId(result -> {
            RuntimeException failure = sequences.producerIdReceived(result);
            if (failure != null) {
                log.error("No producer id: {}", failure.toString());
                abortAll(failure);
            } else {
                ready.update(leadership(), time.milliseconds(), true);
            }
        }, nowMs);
        if (sent)
            sequences.producerIdRequested();
        else
            // Nothing was asked: look again as soon as the network moves.
            producerIdNotBeforeMs = nowMs;
    }

    // ---------------------------------------------------------------- sending

    /** Sends one request to each broker that can take one; returns when to look again at those that can't, ms. */
    private long sendReady(long nowMs) {
        long atMs = Long.MAX_VALUE;
        if (aborting)
            // Closing lets open batches go at once: not these, whose records are about to be told that they failed.
            return atMs;
        for (NodeQueue node : ready.nodes()) {
            if (node.isEmpty())
                continue;
            boolean canSend = broker.ready(node.nodeId(), nowMs);
            node.observe(canSend, nowMs);
            if (canSend) {
                if (!send(node, nowMs))
                    // No answer will come that tells what is to be done next.
                    atMs = nowMs;
            } else {
                long delayMs = broker.pollDelayMs(node.nodeId(), nowMs);
                // 0 would spin: a broker that is connected and busy is heard of by the poll.
                if (delayMs > 0 && delayMs < Long.MAX_VALUE - nowMs)
                    atMs = Math.min(atMs, nowMs + delayMs);
            }
        }
        return atMs;
    }

    /** False when the batches failed at once. */
    private boolean send(NodeQueue node, long nowMs) {
        List<ProducerBatch> batches = ready.drain(node, settings.maxRequestSize(), nowMs);
        if (batches.isEmpty())
            return true;
        try {
            node.requestSent();
            broker.produce(node.nodeId(), batches, transactions.usesV1(), this, nowMs);
        } catch (RuntimeException e) {
            log.error("Uncaught error while sending to node {}", node.nodeId(), e);
            PartitionResult failure = PartitionResult.failure(Errors.UNKNOWN_SERVER_ERROR, "Sending failed: " + e);
            try {
                each(batches, batch -> onResult(batch, failure));
            } finally {
                onDone(node.nodeId());
            }
            return false;
        }
        // Now that they are on their way: a metric that fails must not keep them from it.
        record(batches, nowMs);
        return true;
    }

    private void record(List<ProducerBatch> batches, long nowMs) {
        int records = 0;
        for (ProducerBatch batch : batches) {
            records += batch.recordCount();
            metrics.batchSent(batch.topicPartition().topic(), batch.recordCount(), batch.size(),
                    batch.actualCompressionRatio(), batch.maxRecordSize(), batch.queueTimeMs(), nowMs);
        }
        metrics.requestSent(records, nowMs);
    }

    @Override
    public boolean maySend(ProducerBatch head) {
        return inFlight.count(head.topicPartition()) < settings.maxInFlightPerPartition() && sequences.maySend(head);
    }

    @Override
    public void leaving(ProducerBatch batch) {
        sequences.assign(batch);
        inFlight.add(batch);
    }

    // ---------------------------------------------------------------- results

    @Override
    public void onDone(int nodeId) {
        ready.requestDone(nodeId, time.milliseconds());
    }

    @Override
    public void onResponse(int nodeId, long latencyMs) {
        metrics.responseReceived(Integer.toString(nodeId), latencyMs, time.milliseconds());
    }

    @Override
    public void onResult(ProducerBatch batch, PartitionResult result) {
        long nowMs = time.milliseconds();
        batch.landed();
        inFlight.remove(batch);
        // From here on it is neither on the wire nor in its queue. Whatever throws, a log that can't be written or a state that
        // can't be: the batch is done or queued first, or nobody would ever end it, and flush and close would wait for ever.
        try {
            switch (ProduceErrors.of(result, batch)) {
                case SUCCESS -> {
                    sequences.acked(batch);
                    if (batch.complete(result.baseOffset(), result.logAppendTimeMs()))
                        accumulator.ended(batch);
                }
                case SPLIT -> split(batch, result, nowMs);
                default -> retryOrFail(batch, result, nowMs);
            }
        } finally {
            ready.look(batch, nowMs);
            if (ProduceErrors.staleMetadata(result))
                broker.requestMetadata();
        }
        if (ProduceErrors.staleMetadata(result))
            log.warn("Got {} for {}; asking for new metadata", result, batch.topicPartition());
    }

    private void split(ProducerBatch batch, PartitionResult result, long nowMs) {
        if (batch.hasEnded()) // it expired on the wire
            return;
        accumulator.split(batch, parts -> {
            if (batch.hasSequence())
                sequences.split(batch, parts);
        });
        metrics.batchSplit(nowMs);
        log.warn("{} was too large for the broker and is split. Error: {}", batch, result);
    }

    private void retryOrFail(ProducerBatch batch, PartitionResult result, long nowMs) {
        if (batch.hasEnded()) // it expired on the wire
            return;
        boolean retriesLeft = batch.attempts() < settings.retries();
        if (retriesLeft && nowMs < expiryMs(batch) && sequences.canRetry(batch, result)) {
            accumulator.putBack(batch, nowMs);
            metrics.recordsRetried(batch.topicPartition().topic(), batch.recordCount(), nowMs);
            log.warn("Got {} for {}, retrying ({} attempts left)", result, batch, settings.retries() - batch.attempts());
            return;
        }
        RuntimeException error = ProduceErrors.exception(result, batch.topicPartition().topic());
        // With its retries used up it may have been written by an attempt whose answer was lost.
        try {
            sequences.failed(batch, error, retriesLeft);
        } finally {
            fail(batch, error, ProduceErrors.recordExceptions(result), nowMs);
        }
    }

    private void abandon(ProducerBatch batch, RuntimeException reason, long nowMs) {
        try {
            sequences.abandoned(batch, reason);
        } finally {
            fail(batch, reason, null, nowMs);
        }
    }

    private void fail(ProducerBatch batch, RuntimeException error, IntFunction<RuntimeException> recordErrors, long nowMs) {
        try {
            metrics.recordsFailed(batch.topicPartition().topic(), batch.recordCount(), nowMs);
        } finally {
            if (batch.fail(error, recordErrors))
                accumulator.ended(batch);
        }
    }

    /** Does it to all of them, which may be in no queue any more: what one throws is thrown when it was the others' turn. */
    private static void each(List<ProducerBatch> batches, Consumer<ProducerBatch> what) {
        Throwable thrown = null;
        for (ProducerBatch batch : batches) {
            try {
                what.accept(batch);
            } catch (RuntimeException | Error e) {
                thrown = e;
            }
        }
        if (thrown instanceof Error error)
            throw error;
        if (thrown != null)
            throw (RuntimeException) thrown;
    }

    // ---------------------------------------------------------------- expiry and abort

    private long expiryMs(ProducerBatch batch) {
        return batch.createdMs() + settings.deliveryTimeoutMs();
    }

    /** Ends batches that are older than {@code delivery.timeout.ms}; looks at all of them, but only when one may be. */
    private void expire(long nowMs) {
        if (nowMs < nextExpiryMs)
            return;
        long createdMs = nowMs - settings.deliveryTimeoutMs();
        each(accumulator.takeCreatedUpTo(createdMs), batch -> expire(batch, nowMs));
        for (ProducerBatch batch : inFlight.createdUpTo(createdMs))
            if (!batch.hasEnded())
                expire(batch, nowMs);
        long oldestMs = Long.MAX_VALUE;
        for (ProducerBatch batch : accumulator.incomplete())
            // Not those that wait for their callbacks only.
            if (!batch.hasEnded())
                oldestMs = Math.min(oldestMs, Math.max(expiryMs(batch), nowMs + 1));
        // With nothing here, what comes next can't expire before a whole time-out has gone by.
        nextExpiryMs = oldestMs == Long.MAX_VALUE ? nowMs + settings.deliveryTimeoutMs() : oldestMs;
    }

    private void expire(ProducerBatch batch, long nowMs) {
        abandon(batch, new TimeoutException("Expiring " + batch.recordCount() + " record(s) for " + batch.topicPartition() + ":"
                + (nowMs - batch.createdMs()) + " ms has passed since batch creation. The request has not been sent, or no"
                + " server response has been received yet."), nowMs);
        ready.look(batch, nowMs);
    }

    private void abortAll(RuntimeException reason) {
        long nowMs = time.milliseconds();
        each(accumulator.takeCreatedUpTo(Long.MAX_VALUE), batch -> abandon(batch, reason, nowMs));
        for (ProducerBatch batch : inFlight.createdUpTo(Long.MAX_VALUE))
            if (!batch.hasEnded())
                abandon(batch, reason, nowMs);
    }

    /** Fails everything, those batches too that an appending thread is still compressing. */
    private void abortUntilEmpty(RuntimeException reason) {
        abortAll(reason);
        while (accumulator.hasUnended()) {
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(100));
            abortAll(reason);
        }
    }

    // ---------------------------------------------------------------- closing, any thread

    /** No more appends; ends when everything has been sent. */
    public void initiateClose() {
        accumulator.close();
        closing = true;
        wakeup();
    }

    /** Ends at once; everything that was not acknowledged fails. */
    public void forceClose() {
        aborting = true;
        initiateClose();
    }

    public boolean isRunning() {
        return !closing;
    }
}
