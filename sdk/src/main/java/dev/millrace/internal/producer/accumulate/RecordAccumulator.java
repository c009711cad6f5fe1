package dev.millrace.internal.producer.accumulate;

import dev.millrace.codec.Codec;
import dev.millrace.internal.producer.batch.BatchLimits;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.ExponentialBackoff;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where records become batches. Appending threads come in from above; what changed for the sender thread leaves through
 * {@link #changed}, and {@link ReadyPartitions} makes its order of it.
 *
 * <p>Threads: all methods are for any thread unless they say otherwise. Lock order: topic, partition, gate or pool.
 */
public final class RecordAccumulator implements SendTiming {

    /** Wakes the sender thread when it sleeps beyond a time. */
    public interface SenderWakeup {
        /** @param atMs when there is something to do, at the latest */
        void wakeBy(long atMs);

        /** Has it look once more at what it waits for, whatever it does now. */
        default void wakeup() {
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(RecordAccumulator.class);

    /** A batch may stage this many times {@code batch.size} in the hope that it compresses. */
    private static final int MAX_STAGED_BATCH_SIZES = 16;

    /** One part in so many of the memory in use, by default 1 MiB, keeps the sender thread busy for a while. */
    private static final int CROWDED_SHARE = 32;

    private static final float RATIO_MARGIN = 1.05f;
    private static final int BACKOFF_BASE = 2;
    private static final double BACKOFF_JITTER = 0.2;

    private final int batchSize;
    private final BatchLimits limits;
    private final long lingerMs;
    private final boolean adaptiveLinger;
    private final Codec codec;
    private final ExponentialBackoff backoff;
    private final BufferPool pool;
    private final AppendGate gate;
    private final Time time;
    private final ScratchBuffers scratch = new ScratchBuffers();

    private final ConcurrentHashMap<String, TopicQueues> topics = new ConcurrentHashMap<>();
    /** One of {@link #topics}, most producers' only one: saves the lookup. Written once, by any thread. */
    private volatile TopicQueues firstUsed;
    private final IncompleteBatches incomplete = new IncompleteBatches();
    private final ConcurrentLinkedQueue<PartitionQueue> changed = new ConcurrentLinkedQueue<>();
    /** Batches that records may be added to; any thread. */
    private final AtomicInteger openBatches = new AtomicInteger();
    private final AtomicInteger flushes = new AtomicInteger();
    /** A transaction ends; written by the sender thread, read by any. */
    private volatile boolean completing;
    /** Open batches stopped waiting for linger: to be looked at once more; any thread sets it, the sender thread clears it. */
    private volatile boolean hurried;
    /**
     * A record found no memory and did not wait for it, so open batches go as if it did; any thread sets it, and the next batch
     * that finds memory clears it.
     */
    private volatile boolean refused;
    /** Written once, by whoever closes. */
    private volatile boolean closed;
    /** Set once before use. */
    private CallbackThreads callbackThreads = new CallbackThreads(0, null, null);
    /** Set once before use. */
    private volatile SenderWakeup wakeup = atMs -> { };

    /**
     * @param settings batch.size, linger.ms and what else decides of batches
     * @param codec compresses whole batches
     * @param pool buffer.memory; its shortages hurry open batches along
     * @param gate asked for every record
     */
    public RecordAccumulator(BatchSettings settings, Codec codec, BufferPool pool, AppendGate gate, Time time) {
        this.time = time;
        this.batchSize = settings.batchSize();
        this.limits = new BatchLimits(settings.batchSize(), rawLimit(settings.batchSize(), codec, pool.totalMemory()),
                settings.maxBatchSize(), rawLimit(settings, codec, pool.totalMemory()));
        this.lingerMs = settings.lingerMs();
        this.adaptiveLinger = settings.adaptiveLinger();
        this.codec = codec;
        this.backoff = new ExponentialBackoff(settings.retryBackoffMs(), BACKOFF_BASE,
                settings.retryBackoffMaxMs(), BACKOFF_JITTER);
        this.pool = pool;
        this.gate = gate;
        pool.listener(this::hurry);
    }

    /** The largest array that batches of these settings stage records in, in bytes: what a pool for them should recycle. */
    public static int rawLimit(BatchSettings settings, Codec codec, long bufferMemory) {
        return rawLimit(settings.maxBatchSize(), codec, bufferMemory);
    }

    private static int rawLimit(int size, Codec codec, long bufferMemory) {
        if (codec.type().id() == 0)
            return size;
        // An eighth, so that a few partitions can't take all memory for batches that are not even full.
        long limit = Math.min((long) MAX_STAGED_BATCH_SIZES * size, bufferMemory / 8);
        return (int) Math.max(size, Math.min(limit, Integer.MAX_VALUE / 2));
    }

    public void senderWakeup(SenderWakeup senderWakeup) {
        wakeup = senderWakeup;
    }

    /** Has callbacks called by these threads; before any record is appended. */
    public void callbackThreads(CallbackThreads threads) {
        callbackThreads = threads;
        threads.listener(this::calledBack);
    }

    // ---------------------------------------------------------------- appending threads

    /** The queues of a topic, made when it is asked for first. */
    public TopicQueues topic(String name) {
        TopicQueues known = topics.get(name);
        if (known != null)
            return known;
        TopicQueues made = topics.computeIfAbsent(name, topic -> new TopicQueues(topic, gate, openBatches));
        // After it can be seen: close() either finds it, or has set this before.
        if (closed)
            made.close();
        if (firstUsed == null)
            firstUsed = made;
        return made;
    }

    /** The queues of a topic that was sent to before, or null. */
    public TopicQueues knownTopic(String name) {
        TopicQueues first = firstUsed;
        // The same string nearly always: programs name a topic by a constant.
        return first != null && first.name() == name ? first : topics.get(name);
    }

    /**
     * Appends a record to the partition's open batch, when there is one with room: {@link SendResult#isAppended} tells.
     * Compresses the batch that it filled or found full; does not block otherwise.
     *
     * @return bytes that the sealed batch had left, -1 when none was sealed
     */
    public int tryAppend(PartitionQueue queue, byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result) {
        ProducerBatch sealed = queue.tryAppend(key, value, headers, tailSize, result);
        return sealed == null ? -1 : sealedByAppend(queue, sealed);
    }

    private int sealedByAppend(PartitionQueue queue, ProducerBatch sealed) {
        int unused = sealed.unusedBytes();
        finish(queue, sealed);
        changed.add(queue);
        wakeup.wakeBy(0);
        return unused;
    }

    /**
     * Appends a record, opening a batch for it where there is none with room.
     *
     * @param maxBlockMs how long to wait for memory at most
     */
    public void append(PartitionQueue queue, byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result,
                       long maxBlockMs) throws InterruptedException {
        letOthersCatchUp();
        open(queue, allocate(queue, RecordWriter.batchSizeUpperBound(tailSize), maxBlockMs), key, value, headers, tailSize, result);
    }

    /**
     * With more threads appending than there are processors, the sender thread (and a broker on the same machine) gets its share
     * of them only. What it can't take in time piles up until all memory is in use, has left the caches, and each thread sleeps
     * for each batch. One that yields before it opens a batch hands its processor to whom it would wait for anyway; where a
     * processor is free, nothing happens.
     */
    private void letOthersCatchUp() {
        if (senderIsBehind())
            Thread.yield();
    }

    /** It has not looked at what was sealed before, and it is not little. */
    private boolean senderIsBehind() {
        return pool.totalMemory() - pool.availableMemory() > pool.totalMemory() / CROWDED_SHARE && !changed.isEmpty();
    }

    /** As {@link #append}, but where memory is short it does not wait: then {@link SendResult#isAppended} stays false. */
    public void appendAtOnce(PartitionQueue queue, byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result) {
        byte[] buffer = allocateAtOnce(queue, RecordWriter.batchSizeUpperBound(tailSize));
        if (buffer != null) {
            open(queue, buffer, key, value, headers, tailSize, result);
        } else if (!refused) {
            refused = true;
            hurry();
        }
    }

    private void open(PartitionQueue queue, byte[] given, byte[] key, byte[] value, byte[] headers, int tailSize,
                      SendResult result) {
        byte[] buffer = given;
        try {
            while (true) {
                // The time after the wait for memory: a batch is not older than its room.
                long nowMs = time.milliseconds();
                ProducerBatch sealed = queue.open(this::newBatch, buffer, nowMs, key, value, headers, tailSize, result);
                if (result.isAppended()) {
                    buffer = null;
                    opened(queue, sealed, nowMs);
                    return;
                }
                tryAppend(queue, key, value, headers, tailSize, result);
                if (result.isAppended())
                    return;
            }
        } finally {
            if (buffer != null)
                pool.release(buffer);
        }
    }

    private void opened(PartitionQueue queue, ProducerBatch sealed, long nowMs) {
        if (sealed != null) {
            sealedByAppend(queue, sealed);
        } else {
            changed.add(queue);
            wakeup.wakeBy(adaptiveLinger || sendOpenBatches() ? 0 : nowMs + lingerMs);
        }
    }

    private byte[] allocate(PartitionQueue queue, int needed, long maxBlockMs) throws InterruptedException {
        byte[] usual = allocateUsual(queue, needed);
        return usual != null ? usual : pool.allocate(Math.max(needed, share(queue)), maxBlockMs);
    }

    /** Null when memory is short. */
    private byte[] allocateAtOnce(PartitionQueue queue, int needed) {
        byte[] usual = allocateUsual(queue, needed);
        return usual != null ? usual : pool.tryAllocate(Math.max(needed, share(queue)));
    }

    /** As large as the partition's last batch became, so that in a steady state nothing grows and nothing is wasted. */
    private byte[] allocateUsual(PartitionQueue queue, int needed) {
        return pool.tryAllocate(Math.max(needed, Math.min(queue.lastRawSize(), limits.rawBytes())));
    }

    /**
     * Room for a whole batch when memory is short: nothing grows then, and with crumbs each batch would be as small as the last.
     * But not more than its share of half the memory, or a few of many partitions would take all.
     */
    private int share(PartitionQueue queue) {
        float whole = Math.min(batchSize / expectedRatio(queue), limits.rawBytes());
        return (int) Math.min(whole, pool.totalMemory() / (2L * (openBatches.get() + 1)));
    }

    private ProducerBatch newBatch(PartitionQueue queue, byte[] buffer, long nowMs) {
        if (refused)
            refused = false;
        int lastCount = queue.lastRecordCount();
        // A few more than last time, or a batch of records a little smaller would need twice the room.
        int expectedRecords = lastCount + lastCount / 16 + 1;
        ProducerBatch batch = new ProducerBatch(queue.topicPartition(), nowMs, pool, buffer, limits, expectedRatio(queue),
                expectedRecords);
        incomplete.add(batch);
        return batch;
    }

    private float expectedRatio(PartitionQueue queue) {
        // A little more than seen last: what compresses worse should not make the batch larger than batch.size.
        return codec.type().id() == 0 ? 1 : Math.min(1, queue.topic().compressionRatio() * RATIO_MARGIN);
    }

    /** Compresses a sealed batch and hands it over; no lock is held meanwhile. */
    void finish(PartitionQueue queue, ProducerBatch batch) {
        try {
            if (codec.type().id() == 0) {
                batch.finish(codec, null);
            } else {
                byte[] buffer = scratch.take(codec.maxCompressedLength(batch.rawSize()));
                batch.finish(codec, buffer);
                scratch.giveBack(buffer);
                queue.topic().observeCompression((float) batch.actualCompressionRatio());
            }
        } catch (RuntimeException e) {
            LOG.error("Sending {} uncompressed: {} failed", batch, codec.type(), e);
        } finally {
            // Whatever happened: a batch that is never handed over would hold up its partition for ever.
            queue.handOver(batch);
        }
    }

    // ---------------------------------------------------------------- flush and close

    /** From now on no batch waits for linger, until {@link #endFlush}; returns the batches to wait for. */
    public List<ProducerBatch> beginFlush() {
        flushes.incrementAndGet();
        hurry();
        return incomplete.snapshot();
    }

    public void endFlush() {
        flushes.decrementAndGet();
    }

    /** No more appends, and no more waiting for memory; open batches go at once. */
    public void close() {
        closed = true;
        topics.values().forEach(TopicQueues::close);
        pool.close();
        hurry();
    }

    private void hurry() {
        hurried = true;
        wakeup.wakeBy(0);
    }

    /** Batches have not ended, or their callbacks have not returned. */
    public boolean hasIncomplete() {
        return !incomplete.isEmpty();
    }

    /** Batches have not ended, whatever their callbacks do. */
    public boolean hasUnended() {
        return incomplete.hasUnended();
    }

    public List<ProducerBatch> incomplete() {
        return incomplete.snapshot();
    }

    // ---------------------------------------------------------------- timing

    @Override
    public long lingerMs() {
        return lingerMs;
    }

    /** Whether linger is for brokers that something is on its way to, only. */
    boolean adaptiveLinger() {
        return adaptiveLinger;
    }

    @Override
    public boolean sendOpenBatches() {
        return closed || completing || flushes.get() > 0 || pool.waiting() > 0 || refused;
    }

    // ---------------------------------------------------------------- load, for partitioners

    /** Batches that wait for a partition. */
    int queuedBatches(String topic, int partition) {
        PartitionQueue queue = existing(topic, partition);
        return queue == null ? 0 : queue.queued();
    }

    /** The leader a partition was seen with last, -1 when it was not seen. */
    int leaderId(String topic, int partition) {
        PartitionQueue queue = existing(topic, partition);
        return queue == null ? -1 : queue.leaderId;
    }

    private PartitionQueue existing(String topic, int partition) {
        TopicQueues queues = topics.get(topic);
        return queues == null || partition < 0 || partition >= queues.queues().length ? null : queues.queues()[partition];
    }

    // ---------------------------------------------------------------- sender thread

    /** The next partition that got a batch or had one sealed, or null. */
    PartitionQueue pollChanged() {
        return changed.poll();
    }

    public boolean hasChanged() {
        return hurried || !changed.isEmpty();
    }

    /** Forgets what changed: nothing will be sent any more. */
    public void discardChanges() {
        hurried = false;
        changed.clear();
    }

    /** True once after open batches stopped waiting for linger. */
    boolean takeHurried() {
        boolean was = hurried;
        if (was)
            hurried = false;
        return was;
    }

    List<PartitionQueue> allQueues() {
        List<PartitionQueue> all = new ArrayList<>();
        for (TopicQueues topic : topics.values())
            for (PartitionQueue queue : topic.queues())
                if (queue != null)
                    all.add(queue);
        return all;
    }

    PartitionQueue queueOf(ProducerBatch batch) {
        return topic(batch.topicPartition().topic()).queue(batch.topicPartition().partition());
    }

    /** Puts a failed batch back for another attempt. */
    public void putBack(ProducerBatch batch, long nowMs) {
        // Rolled once: a timer that rolled again at each look would come near the longest wait, and all at the same time.
        batch.reenqueued(nowMs + backoff.backoff(batch.attempts()));
        queueOf(batch).putBack(batch);
    }

    /**
     * Splits a batch that the broker found too large, and queues the parts in its place.
     *
     * @param track told of each part before it is queued, in their order
     */
    public void split(ProducerBatch batch, Consumer<List<ProducerBatch>> track) {
        PartitionQueue queue = queueOf(batch);
        queue.topic().forgetCompression();
        int target = batch.isPartOfSplit() ? Math.max(1, batch.rawSize() / 2) : batchSize;
        List<ProducerBatch> parts = batch.split(codec, Math.min(target, batch.rawSize() / 2 + 1), !callbackThreads.isEmpty());
        parts.forEach(incomplete::add);
        parts.forEach(part -> finish(queue, part));
        track.accept(parts);
        for (int i = parts.size() - 1; i >= 0; i--)
            queue.putBack(parts.get(i));
        incomplete.remove(batch);
    }

    /** A batch has ended: has its callbacks called, here or by a thread that is there for it, and forgets it after that. */
    public void ended(ProducerBatch batch) {
        if (callbackThreads.isEmpty()) {
            try {
                batch.callBack(null);
            } finally {
                incomplete.remove(batch);
            }
        } else {
            callbackThreads.add(batch);
        }
    }

    /** A callback thread is through with a batch. */
    private void calledBack(ProducerBatch batch) {
        incomplete.remove(batch);
        // The sender thread may wait for the last one. It set these before it asked whether there are any, so that either it did
        // not see this one any more, or this thread sees that it waits.
        if (closed || completing)
            wakeup.wakeup();
    }

    /** While a transaction ends, no batch waits for linger. */
    public void completing(boolean now) {
        if (now == completing)
            return;
        completing = now;
        if (now)
            hurry();
    }

    /** Returns when all appends that began before have ended; those that begin later find the gate as it is now. */
    public void awaitAppends() {
        allQueues().forEach(PartitionQueue::awaitAppends);
    }

    /** Takes the batches out of their queues that were never sent. */
    public List<ProducerBatch> takeUnsent() {
        List<ProducerBatch> taken = new ArrayList<>();
        for (PartitionQueue queue : allQueues())
            taken.addAll(queue.takeUnsent());
        return taken;
    }

    /** Takes out of their queues, in order, the batches created at or before {@code createdMs}. */
    public List<ProducerBatch> takeCreatedUpTo(long createdMs) {
        List<ProducerBatch> taken = new ArrayList<>();
        for (PartitionQueue queue : allQueues())
            taken.addAll(queue.takeCreatedUpTo(createdMs));
        return taken;
    }
}
