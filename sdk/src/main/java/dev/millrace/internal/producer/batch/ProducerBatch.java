package dev.millrace.internal.producer.batch;

import dev.millrace.codec.Codec;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.apache.kafka.common.TopicPartition;

/**
 * Records of one partition on their way to the broker: open, then sealed, then finished (compressed), then in flight,
 * perhaps several times; it ends exactly once, and is done when its callbacks have returned.
 *
 * <p>Its owners, one after the other: while open, whoever holds the partition's lock; between {@link #seal} and
 * {@link #finish}, the one thread that sealed it; after that, the sender thread. Each of these hand-overs goes through the
 * partition's lock. Records and results of a batch that has ended are a callback thread's, where there are such threads, and are
 * handed over through its queue. Only {@link #hasEnded}, {@link #awaitDone} and {@link #outcome} are for any thread.
 */
public final class ProducerBatch {

    private final TopicPartition topicPartition;
    private final long createdMs;
    private final boolean partOfSplit;
    private final StagedRecords records;

    // ---- written while open, under the partition's lock; then by the sender thread, and after the end by a callback's ----
    /** Those of the records in their order, with room behind them; null after the end. */
    private SendResult[] results;
    private boolean sealed;

    /** Written under the partition's lock by the finishing thread; read by the sender thread. */
    private boolean finished;

    // ---- sender thread only ----
    private int attempts;
    private long retryAtMs;
    private long drainedMs;
    private boolean inFlight;
    private int leaderEpoch = -1;
    private int failedLeaderEpoch = -1;
    private long producerId = BatchHeader.NO_PRODUCER_ID;
    private short producerEpoch = BatchHeader.NO_PRODUCER_EPOCH;
    private int baseSequence = BatchHeader.NO_SEQUENCE;
    private boolean transactional;
    private boolean inDoubt;

    // ---- written by the sender thread, read by any ----
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile BatchOutcome outcome;
    private volatile List<ProducerBatch> parts = List.of();

    /**
     * @param buffer the first staging array, room for the first record at least; goes back to {@code memory} at the end
     * @param compressionRatio what compression is expected to leave of the records: 1 for none
     * @param expectedRecords how many there will be, about; at least 1
     */
    public ProducerBatch(TopicPartition topicPartition, long createdMs, Memory memory, byte[] buffer, BatchLimits limits,
                         float compressionRatio, int expectedRecords) {
        this(topicPartition, createdMs, new StagedRecords(memory, buffer, limits, compressionRatio), expectedRecords, false);
    }

    private ProducerBatch(TopicPartition topicPartition, long createdMs, StagedRecords records, int expectedRecords,
                          boolean partOfSplit) {
        this.topicPartition = topicPartition;
        this.createdMs = createdMs;
        this.records = records;
        this.results = new SendResult[expectedRecords];
        this.partOfSplit = partOfSplit;
    }

    // ---------------------------------------------------------------- open: under the partition's lock

    /**
     * Appends a record, or returns false when the batch is full, or memory to grow is short; then it must be sealed.
     *
     * @param tailSize {@link RecordWriter#tailSize} of the three arrays, computed before the lock was taken
     */
    public boolean tryAppend(byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result) {
        makeRoomForResult();
        if (!records.tryAppend(result.timestamp(), key, value, headers, tailSize))
            return false;
        keep(result);
        return true;
    }

    /** Before the record is staged: if there is no memory for this, nothing has happened. */
    private void makeRoomForResult() {
        if (records.count() == results.length)
            results = Arrays.copyOf(results, 2 * results.length);
    }

    private void keep(SendResult result) {
        int index = records.count() - 1;
        results[index] = result;
        result.joins(this, index);
    }

    /** So close to its limit that not even a small record would fit. */
    public boolean isFull() {
        return records.isFull();
    }

    /** Lets a full batch take more records, for it can't be sent yet anyway; false when it has become as large as it may. */
    public boolean extend() {
        return records.extend();
    }

    /** No more records; the caller owns the batch until it has finished it. */
    public void seal() {
        sealed = true;
    }

    public boolean isSealed() {
        return sealed;
    }

    /** Bytes of the batch that were not used, by its own estimate of its compressed size. */
    public int unusedBytes() {
        return records.unusedBytes();
    }

    /** What the batch takes, or is thought to take, in a request; in bytes. */
    public int estimatedSize() {
        return records.estimatedSize();
    }

    // ---------------------------------------------------------------- sealed: the thread that sealed it

    /**
     * Compresses what was staged, unless that would not make it smaller, and gives back what is not needed any more.
     *
     * @param scratch an array of {@code codec.maxCompressedLength(rawSize() - 61)} bytes at least; null when the codec is none
     */
    public void finish(Codec codec, byte[] scratch) {
        records.finish(codec, scratch);
    }

    /** Ends the finishing thread's ownership; with the partition's lock held, so that the sender thread sees all it wrote. */
    public void handOver() {
        finished = true;
    }

    public boolean isFinished() {
        return finished;
    }

    /** Bytes before compression, the header included. */
    public int rawSize() {
        return records.rawSize();
    }

    // ---------------------------------------------------------------- finished: the sender thread

    /** Writes header and checksum; the bytes are then {@link #bytes()}{@code [0, size())}. Not while they are on the wire. */
    public void writeHeader() {
        records.writeHeader(transactional, producerId, producerEpoch, baseSequence);
    }

    public byte[] bytes() {
        return records.bytes();
    }

    /** Bytes of the whole batch as it is sent. */
    public int size() {
        return records.size();
    }

    /** What compression left of the records; 1 when nothing was gained. */
    public double actualCompressionRatio() {
        return (double) records.size() / records.rawSize();
    }

    public boolean hasSequence() {
        return baseSequence != BatchHeader.NO_SEQUENCE;
    }

    /** Gives it its sequence, or another, when its producer id or epoch was replaced. */
    public void assignSequence(long id, short epoch, int sequence) {
        producerId = id;
        producerEpoch = epoch;
        baseSequence = sequence;
    }

    /** Readers that want committed records only will wait for the end of the transaction. */
    public void markTransactional() {
        transactional = true;
    }

    public long producerId() {
        return producerId;
    }

    public short producerEpoch() {
        return producerEpoch;
    }

    public int baseSequence() {
        return baseSequence;
    }

    /** Whether this batch's sequence comes after {@code other}; sequences run up to {@code Integer.MAX_VALUE} and on from 0. */
    public boolean sequenceIsAfter(int other) {
        int distance = (baseSequence - other) & Integer.MAX_VALUE;
        return distance != 0 && distance <= Integer.MAX_VALUE / 2;
    }

    /** The sequence of the batch's last record. */
    public int lastSequence() {
        return (baseSequence + records.count() - 1) & Integer.MAX_VALUE;
    }

    public void drained(long nowMs) {
        drainedMs = nowMs;
        inFlight = true;
        inDoubt = true;
    }

    public void landed() {
        inFlight = false;
    }

    public boolean isInFlight() {
        return inFlight;
    }

    /** The broker has looked for its sequence and not found it. */
    public void foundNowhere() {
        inDoubt = false;
    }

    /** It was sent, and may be in the log under its sequence, whatever the errors since: the answer to that attempt may be lost. */
    public boolean isInDoubt() {
        return inDoubt;
    }

    /** Back to its queue for another attempt, not before {@code retryMs}. */
    public void reenqueued(long retryMs) {
        attempts++;
        retryAtMs = retryMs;
        failedLeaderEpoch = leaderEpoch;
    }

    /** Tries that failed so far. */
    public int attempts() {
        return attempts;
    }

    /** The end of its backoff. */
    public long retryAtMs() {
        return retryAtMs;
    }

    /** Notes the leader's epoch; a negative one is unknown and changes nothing. */
    public void leaderEpoch(int epoch) {
        if (epoch >= 0)
            leaderEpoch = epoch;
    }

    /** The leader moved since the last attempt failed: a retry need not back off (KIP-951). */
    public boolean leaderChangedSinceFailure() {
        return attempts > 0 && failedLeaderEpoch >= 0 && leaderEpoch > failedLeaderEpoch;
    }

    /** From creation to the last time it left its queue. */
    public long queueTimeMs() {
        return drainedMs - createdMs;
    }

    /** Ends the batch well; {@link #callBack} is to follow. False, and nothing happens, when it had ended already. */
    public boolean complete(long baseOffset, long logAppendTimeMs) {
        return end(new BatchOutcome(baseOffset, logAppendTimeMs, null, null));
    }

    /**
     * Ends the batch with an exception; {@link #callBack} is to follow. False, and nothing happens, when it had ended already.
     *
     * @param recordErrors each record's own exception by its index; null when they share the batch's
     */
    public boolean fail(RuntimeException error, IntFunction<RuntimeException> recordErrors) {
        return end(new BatchOutcome(-1, -1, error, recordErrors));
    }

    private boolean end(BatchOutcome how) {
        if (hasEnded())
            return false;
        outcome = how;
        return true;
    }

    /**
     * Calls the callbacks in the order of their records, gives the memory back, and completes the futures. Once, and not before the
     * batch has ended; whatever callbacks throw, all are called.
     *
     * @param abandoned asked before each callback, which is not called when it is true; null when all are to be called
     */
    public void callBack(BooleanSupplier abandoned) {
        BatchOutcome how = outcome;
        SendResult[] told = results;
        int count = records.count();
        // Let go of, so that a Future somebody keeps does not keep those of its whole batch.
        results = null;
        try {
            for (int i = 0; i < count; i++) {
                if (abandoned != null && abandoned.getAsBoolean())
                    told[i].abandon(this, how);
                else
                    told[i].fireCallback(this, how);
            }
        } finally {
            // Whatever was thrown, a log that can't be written: others wait for the memory and for the result.
            try {
                records.release();
            } finally {
                done.countDown();
            }
        }
    }

    /**
     * Replaces a batch that the broker found too large by smaller ones with the same records in the same order, sealed, and
     * neither finished nor with sequences of their own yet. The parts' memory is not the pool's.
     *
     * @param targetSize bytes of a part, unless one record alone is larger
     * @param keepMemory until the last part is done: it may be long before its callbacks return, and only the pool bounds what waits
     *        for them
     */
    public List<ProducerBatch> split(Codec codec, int targetSize, boolean keepMemory) {
        Runnable release = keepMemory ? records::release : () -> { };
        List<ProducerBatch> made = BatchSplitter.split(this, records.uncompressed(codec), results, targetSize, release);
        results = null;
        parts = List.copyOf(made);
        if (!keepMemory)
            records.release();
        done.countDown();
        return made;
    }

    ProducerBatch newPart(Memory memory, byte[] buffer, int limit) {
        StagedRecords staged = new StagedRecords(memory, buffer, BatchLimits.fixed(limit, limit), 1);
        return new ProducerBatch(topicPartition, createdMs, staged, 1, true);
    }

    /** Takes a record over from the batch that is split. */
    void takeOver(SendResult result, byte[] source, int tailOffset, int tailSize) {
        makeRoomForResult();
        records.appendTail(result.timestamp(), source, tailOffset, tailSize);
        keep(result);
    }

    // ---------------------------------------------------------------- any thread

    public TopicPartition topicPartition() {
        return topicPartition;
    }

    public long createdMs() {
        return createdMs;
    }

    public int recordCount() {
        return records.count();
    }

    /** Bytes of the largest record. */
    public int maxRecordSize() {
        return records.maxRecordSize();
    }

    /** True for a part of a batch that was too large. */
    public boolean isPartOfSplit() {
        return partOfSplit;
    }

    /** It has its outcome, though perhaps its callbacks have not been called; or it was split. */
    public boolean hasEnded() {
        return outcome != null || !parts.isEmpty();
    }

    /** Completes the futures of a batch that has ended before its callbacks have returned: nobody waits for those any more. */
    public void abandon() {
        done.countDown();
    }

    /** Ended, and all callbacks returned; or split, and the parts are to be asked. */
    public boolean isDone() {
        return done.getCount() == 0;
    }

    /** Blocks until {@link #isDone}. */
    public void awaitDone() throws InterruptedException {
        done.await();
    }

    /** Blocks until {@link #isDone} or the time is over, and says whether it is done. */
    public boolean awaitDone(long timeout, TimeUnit unit) throws InterruptedException {
        return done.await(timeout, unit);
    }

    /** Blocks until this batch, or all that it was split into, is done. */
    public void awaitAllDone() throws InterruptedException {
        done.await();
        for (ProducerBatch part : parts)
            part.awaitAllDone();
    }

    /** How it ended; null before that, and for a batch that was split. */
    BatchOutcome outcome() {
        return outcome;
    }

    @Override
    public String toString() {
        return "ProducerBatch(" + topicPartition + ", records=" + records.count() + ", sequence=" + baseSequence
                + ", attempts=" + attempts + ")";
    }
}
