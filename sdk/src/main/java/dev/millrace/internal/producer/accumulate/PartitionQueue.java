package dev.millrace.internal.producer.accumulate;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.SendResult;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * One partition's batches in the order in which they are to be sent: retried ones, sealed ones, and behind them the open one.
 *
 * <p>Lock: the queue itself, held for one append or one step of the sender, never while anything is compressed, sent or
 * called back. Under it only the buffer pool's lock is taken.
 */
public final class PartitionQueue {

    /** No time: nothing to send, or nothing that time alone makes ready. */
    static final long NEVER = Long.MAX_VALUE;

    private final TopicPartition topicPartition;
    private final TopicQueues topic;

    private static final VarHandle BUSY;
    private static final VarHandle UNTOLD_BYTES;

    static {
        try {
            BUSY = MethodHandles.lookup().findVarHandle(PartitionQueue.class, "busy", boolean.class);
            UNTOLD_BYTES = MethodHandles.lookup().findVarHandle(PartitionQueue.class, "untoldBytes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A thread appends; written under this, through BUSY, read by any thread: only a hint. */
    private boolean busy;
    /**
     * What the partitioner was not told of yet. Any thread, through UNTOLD_BYTES, and without an atomic addition: one that is
     * lost to a race makes a stay at a partition a record longer.
     */
    private long untoldBytes;
    /** Guarded by this. */
    private final ArrayDeque<ProducerBatch> batches = new ArrayDeque<>();
    /** The last of {@link #batches} while records may be added to it, else null; guarded by this. */
    private ProducerBatch open;
    /** Guarded by this. */
    private boolean closed;
    /** The number of the last transaction that this partition was taken into; guarded by this. */
    private long transaction;
    /** Size of {@link #batches}; written under this, read by any thread. */
    private volatile int queued;
    /** Staged bytes of the batch sealed last: what the next begins with; written under this, a stale read does no harm. */
    private int lastRawSize;
    /** Its records; guarded by this. */
    private int lastRecordCount;

    /** When {@link ReadyPartitions} looks at this queue again; sender thread only. */
    long timerMs = NEVER;
    /** The leader whose queue this stands in, or null; sender thread only. */
    NodeQueue waitsAt;
    /** The leader that was seen last, -1 for none; written by the sender thread, read by partitioners. */
    volatile int leaderId = -1;

    PartitionQueue(TopicQueues topic, int partition) {
        this.topic = topic;
        this.topicPartition = new TopicPartition(topic.name(), partition);
    }

    public TopicPartition topicPartition() {
        return topicPartition;
    }

    TopicQueues topic() {
        return topic;
    }

    /** Batches that wait to be sent, the open one included. */
    int queued() {
        return queued;
    }

    int lastRawSize() {
        return lastRawSize;
    }

    /** With the lock held. */
    int lastRecordCount() {
        return lastRecordCount;
    }

    // ---------------------------------------------------------------- appending threads

    /** Makes the open batches of a partition; called with the partition's lock held. */
    interface BatchFactory {
        ProducerBatch create(PartitionQueue queue, byte[] buffer, long nowMs);
    }

    /**
     * Appends to the open batch, if there is one with room: {@link SendResult#isAppended} tells.
     *
     * @return a batch that became full and was sealed, which the caller must finish; else null
     */
    synchronized ProducerBatch tryAppend(byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result) {
        checkAdmission();
        ProducerBatch batch = open;
        if (batch == null)
            return null;
        BUSY.setOpaque(this, true);
        boolean goesOn = batch.tryAppend(key, value, headers, tailSize, result) && !batch.isFull()
                || extend(batch) && (result.isAppended() || batch.tryAppend(key, value, headers, tailSize, result));
        BUSY.setOpaque(this, false);
        return goesOn ? null : sealOpen();
    }

    /** A batch behind others need not end at batch.size: it can't be sent yet. */
    private boolean extend(ProducerBatch batch) {
        return batches.size() > 1 && batch.extend();
    }

    /** Another thread appends at this moment, so that one that does it too is likely to wait; any thread. */
    public boolean isBusy() {
        return (boolean) BUSY.getOpaque(this);
    }

    /**
     * Counts bytes that load decided to put here, until {@link #takeUntold}. They are counted here, where the appending threads
     * write anyway, and not in the partitioner, which all of them read for each record.
     *
     * @return all that was counted since
     */
    public long addUntold(int bytes) {
        long sum = (long) UNTOLD_BYTES.getOpaque(this) + bytes;
        UNTOLD_BYTES.setOpaque(this, sum);
        return sum;
    }

    /** What was counted, which begins at 0 again. */
    public long takeUntold() {
        long sum = (long) UNTOLD_BYTES.getOpaque(this);
        UNTOLD_BYTES.setOpaque(this, 0L);
        return sum;
    }

    /**
     * Opens a batch with the record, unless another thread has opened one meanwhile: {@link SendResult#isAppended} tells.
     *
     * @return the new batch if the record filled it: it was sealed, and the caller must finish it; else null
     */
    synchronized ProducerBatch open(BatchFactory factory, byte[] buffer, long nowMs, byte[] key, byte[] value,
                                    byte[] headers, int tailSize, SendResult result) {
        checkAdmission();
        if (open != null)
            return null;
        ProducerBatch batch = factory.create(this, buffer, nowMs);
        if (!batch.tryAppend(key, value, headers, tailSize, result))
            throw new IllegalStateException("A new batch of " + buffer.length + " bytes took no record of " + tailSize);
        open = batch;
        topic.openBatches().incrementAndGet();
        batches.addLast(batch);
        queued = batches.size();
        // Decided here, under the lock: a moment later the batch may be full and another thread's to finish.
        return batch.isFull() ? sealOpen() : null;
    }

    /** Under the lock, so that whoever closes or ends a transaction, and then takes the lock, has seen the last record. */
    private void checkAdmission() {
        if (closed)
            throw new KafkaException("Producer closed while send in progress");
        long open = topic.gate().openTransaction();
        if (open == 0 || open != transaction)
            transaction = topic.gate().join(topicPartition);
    }

    private ProducerBatch sealOpen() {
        ProducerBatch batch = open;
        open = null;
        topic.openBatches().decrementAndGet();
        batch.seal();
        lastRawSize = batch.rawSize();
        lastRecordCount = batch.recordCount();
        return batch;
    }

    /** The thread that sealed {@code batch} has compressed it. */
    synchronized void handOver(ProducerBatch batch) {
        batch.handOver();
    }

    /** No more appends; what is queued stays. */
    synchronized void close() {
        closed = true;
    }

    // ---------------------------------------------------------------- sender thread

    /** Returns when no append that began before is under way. */
    synchronized void awaitAppends() {
        // Nothing: to have the lock is all.
    }

    /** Takes out the batches that were never sent; one being finished ends the row. */
    synchronized List<ProducerBatch> takeUnsent() {
        List<ProducerBatch> taken = new ArrayList<>();
        List<ProducerBatch> sent = new ArrayList<>();
        ProducerBatch head;
        while ((head = batches.peekFirst()) != null && (!head.isSealed() || head.isFinished()))
            (head.hasSequence() ? sent : taken).add(take());
        for (int i = sent.size() - 1; i >= 0; i--)
            batches.addFirst(sent.get(i));
        queued = batches.size();
        return taken;
    }

    /** When the first batch can be sent: a time not after {@code nowMs} for at once. */
    synchronized long readyAtMs(SendTiming timing, int leaderEpoch, long nowMs) {
        ProducerBatch head = batches.peekFirst();
        if (head == null)
            return NEVER;
        head.leaderEpoch(leaderEpoch);
        if (head.attempts() > 0 && !head.leaderChangedSinceFailure())
            return head.retryAtMs();
        if (head.isSealed())
            // Not finished: whoever compresses it tells when it is.
            return head.isFinished() ? nowMs : NEVER;
        return timing.sendOpenBatches() ? nowMs : head.createdMs() + timing.lingerMs();
    }

    /** The batch that would be taken next; only to look at. */
    synchronized ProducerBatch head() {
        return batches.peekFirst();
    }

    /**
     * Takes {@code head} if it still is the first batch and ready, sealing it when it is open: then the caller must finish
     * it. Null when an appending thread sealed it a moment ago and is finishing it.
     */
    synchronized ProducerBatch takeReady(ProducerBatch head, SendTiming timing, long nowMs) {
        return head == batches.peekFirst() && readyAtMs(timing, -1, nowMs) <= nowMs ? take() : null;
    }

    private ProducerBatch take() {
        ProducerBatch head = batches.pollFirst();
        if (head == open)
            sealOpen();
        queued = batches.size();
        return head;
    }

    /** Puts a batch back: at its place by its sequence, or in front when it has none. */
    synchronized void putBack(ProducerBatch batch) {
        ArrayDeque<ProducerBatch> before = new ArrayDeque<>();
        // Only batches that were in flight have a sequence, so the row is short.
        while (!batches.isEmpty() && goesBefore(batches.peekFirst(), batch))
            before.addLast(batches.pollFirst());
        batches.addFirst(batch);
        while (!before.isEmpty())
            batches.addFirst(before.pollLast());
        queued = batches.size();
    }

    private static boolean goesBefore(ProducerBatch queued, ProducerBatch batch) {
        return batch.hasSequence() && queued.hasSequence() && batch.sequenceIsAfter(queued.baseSequence());
    }

    /** Takes out the batches that were created at or before {@code createdMs}; one being finished ends the row. */
    synchronized List<ProducerBatch> takeCreatedUpTo(long createdMs) {
        List<ProducerBatch> taken = new ArrayList<>();
        for (Iterator<ProducerBatch> it = batches.iterator(); it.hasNext(); ) {
            ProducerBatch batch = it.next();
            if (batch.isSealed() && !batch.isFinished())
                break;
            if (batch.createdMs() <= createdMs) {
                it.remove();
                if (batch == open)
                    sealOpen();
                taken.add(batch);
            } else if (batch.attempts() == 0 && !batch.isPartOfSplit()) {
                // Those behind it are younger; what came back without a sequence can stand before older ones.
                break;
            }
        }
        queued = batches.size();
        return taken;
    }
}
