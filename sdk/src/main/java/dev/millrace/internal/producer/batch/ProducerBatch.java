package dev.millrace.internal.producer.batch;

import dev.millrace.codec.Codec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.kafka.common.TopicPartition;

/**
 * Records of one partition on their way to the broker: open, then sealed, then finished (compressed), then in flight,
 * perhaps several times, and done exactly once.
 *
 * <p>Three owners, one after the other: while open, whoever holds the partition's lock; between {@link #seal} and
 * {@link #finish}, the one thread that sealed it; after that, the sender thread. Each hand-over goes through the partition's
 * lock. Only {@link #awaitDone} and {@link #outcome} are for any thread.
 */
public final class ProducerBatch {

    /** Length, attributes, two deltas, key length, value length and header count, a byte each. */
    private static final int SMALLEST_RECORD = 7;

    private final TopicPartition topicPartition;
    private final long createdMs;
    private final boolean transactional;
    /** Null after the end: a Future that somebody keeps should not keep the pool. */
    private Memory memory;

    // ---- written while open, under the partition's lock; read by the later owners ----
    private final int writeLimit;
    private final int rawLimit;
    private final float compressionRatio;
    private byte[] buffer;
    private int position = BatchHeader.SIZE;
    private int recordCount;
    private int maxRecordSize;
    private long baseTimestamp;
    private long maxTimestamp;
    private SendResult first;
    private SendResult last;
    private boolean sealed;

    // ---- written by the finishing thread; read by the sender thread ----
    private int rawSize;
    private int codecId;
    /** Written under the partition's lock. */
    private boolean finished;

    // ---- sender thread only ----
    private final boolean partOfSplit;
    private int attempts;
    private long lastAttemptMs;
    private long drainedMs;
    private boolean inFlight;
    private int leaderEpoch = -1;
    private int failedLeaderEpoch = -1;
    private long producerId = BatchHeader.NO_PRODUCER_ID;
    private short producerEpoch = BatchHeader.NO_PRODUCER_EPOCH;
    private int baseSequence = BatchHeader.NO_SEQUENCE;
    private boolean sequenceReset;

    // ---- written by the sender thread, read by any ----
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile BatchOutcome outcome;
    private volatile List<ProducerBatch> parts = List.of();

    /**
     * @param buffer the first staging array, room for the first record at least; goes back to {@code memory} at the end
     * @param writeLimit bytes of the (compressed) batch at which it is full; a first record may be larger
     * @param rawLimit bytes staged before compression at which it is full
     * @param compressionRatio what compression is expected to leave of the records: 1 for none
     */
    public ProducerBatch(TopicPartition topicPartition, long createdMs, Memory memory, byte[] buffer, int writeLimit,
                         int rawLimit, float compressionRatio, boolean transactional) {
        this(topicPartition, createdMs, memory, buffer, writeLimit, rawLimit, compressionRatio, transactional, false);
    }

    private ProducerBatch(TopicPartition topicPartition, long createdMs, Memory memory, byte[] buffer, int writeLimit,
                          int rawLimit, float compressionRatio, boolean transactional, boolean partOfSplit) {
        this.topicPartition = topicPartition;
        this.createdMs = createdMs;
        this.memory = memory;
        this.buffer = buffer;
        this.writeLimit = writeLimit;
        this.rawLimit = rawLimit;
        this.compressionRatio = compressionRatio;
        this.transactional = transactional;
        this.partOfSplit = partOfSplit;
    }

    // ---------------------------------------------------------------- open: under the partition's lock

    /**
     * Appends a record, or returns false when the batch is full, or memory to grow is short; then it must be sealed.
     *
     * @param tailSize {@link RecordWriter#tailSize} of the three arrays, computed before the lock was taken
     */
    public boolean tryAppend(byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result) {
        long timestamp = result.timestamp();
        long timestampDelta = recordCount == 0 ? 0 : timestamp - baseTimestamp;
        int size = RecordWriter.recordSize(tailSize, timestampDelta, recordCount);
        if (recordCount > 0 && !hasRoom(size) || position + size > buffer.length && !grow(position + size))
            return false;
        position = RecordWriter.write(buffer, position, tailSize, timestampDelta, recordCount, key, value, headers);
        append(result, timestamp, size);
        return true;
    }

    private void append(SendResult result, long timestamp, int size) {
        if (recordCount == 0) {
            first = result;
            baseTimestamp = timestamp;
            maxTimestamp = timestamp;
        } else {
            last.next = result;
            maxTimestamp = Math.max(maxTimestamp, timestamp);
        }
        last = result;
        maxRecordSize = Math.max(maxRecordSize, size);
        result.joins(this, recordCount++);
    }

    /** So close to its limit that not even a small record would fit. */
    public boolean isFull() {
        return !hasRoom(SMALLEST_RECORD);
    }

    private boolean hasRoom(int size) {
        int raw = position + size;
        return raw <= rawLimit && estimate(raw) <= writeLimit;
    }

    private int estimate(int raw) {
        return BatchHeader.SIZE + (int) ((raw - BatchHeader.SIZE) * compressionRatio);
    }

    private boolean grow(int needed) {
        // Doubling copies each byte at most twice in all; the partition remembers the size for its next batch.
        byte[] larger = memory.tryAllocate(Math.max(needed, Math.min(2 * buffer.length, rawLimit)));
        if (larger == null)
            return false;
        System.arraycopy(buffer, 0, larger, 0, position);
        memory.release(buffer);
        buffer = larger;
        return true;
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
        return Math.max(0, writeLimit - estimate(position));
    }

    /** What the batch takes, or is thought to take, in a request; in bytes. */
    public int estimatedSize() {
        return finished ? position : estimate(position);
    }

    // ---------------------------------------------------------------- sealed: the thread that sealed it

    /**
     * Compresses what was staged, unless that would not make it smaller, and gives back what is not needed any more.
     *
     * @param scratch an array of {@code codec.maxCompressedLength(rawSize() - 61)} bytes at least; null when the codec is none
     */
    public void finish(Codec codec, byte[] scratch) {
        rawSize = position;
        codecId = 0;
        if (codec.type().id() != 0) {
            int compressed = codec.compress(buffer, BatchHeader.SIZE, rawSize - BatchHeader.SIZE, scratch, 0);
            if (compressed < rawSize - BatchHeader.SIZE) {
                codecId = codec.type().id();
                keepCompressed(scratch, compressed);
            }
        }
    }

    private void keepCompressed(byte[] scratch, int compressed) {
        int size = BatchHeader.SIZE + compressed;
        buffer = memory.shrink(buffer, size);
        System.arraycopy(scratch, 0, buffer, BatchHeader.SIZE, compressed);
        position = size;
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
        return finished ? rawSize : position;
    }

    // ---------------------------------------------------------------- finished: the sender thread

    /** Writes header and checksum; the bytes are then {@link #bytes()}{@code [0, size())}. Not while they are on the wire. */
    public void writeHeader() {
        BatchHeader.write(buffer, position, codecId, transactional, recordCount, baseTimestamp, maxTimestamp,
                producerId, producerEpoch, baseSequence);
    }

    public byte[] bytes() {
        return buffer;
    }

    /** Bytes of the whole batch as it is sent. */
    public int size() {
        return position;
    }

    /** What compression left of the records; 1 when nothing was gained. */
    public double actualCompressionRatio() {
        return (double) position / rawSize;
    }

    public boolean hasSequence() {
        return baseSequence != BatchHeader.NO_SEQUENCE;
    }

    public void assignSequence(long id, short epoch, int sequence) {
        producerId = id;
        producerEpoch = epoch;
        baseSequence = sequence;
    }

    /** A new sequence for a batch that had one: its producer id or epoch was replaced. */
    public void resetSequence(long id, short epoch, int sequence) {
        assignSequence(id, epoch, sequence);
        sequenceReset = true;
    }

    public boolean sequenceHasBeenReset() {
        return sequenceReset;
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
        return (baseSequence + recordCount - 1) & Integer.MAX_VALUE;
    }

    public void drained(long nowMs) {
        drainedMs = nowMs;
        inFlight = true;
    }

    public void landed() {
        inFlight = false;
    }

    public boolean isInFlight() {
        return inFlight;
    }

    /** Back to its queue for another attempt. */
    public void reenqueued(long nowMs) {
        attempts++;
        lastAttemptMs = nowMs;
        failedLeaderEpoch = leaderEpoch;
    }

    /** Tries that failed so far. */
    public int attempts() {
        return attempts;
    }

    public long lastAttemptMs() {
        return lastAttemptMs;
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

    /** Ends the batch well: futures and callbacks learn their offsets. False, and nothing happens, when it had ended already. */
    public boolean complete(long baseOffset, long logAppendTimeMs) {
        return end(new BatchOutcome(baseOffset, logAppendTimeMs, null, null));
    }

    /** Ends the batch with an exception for all its records. False, and nothing happens, when it had ended already. */
    public boolean fail(RuntimeException error) {
        return end(new BatchOutcome(-1, -1, error, null));
    }

    /** Ends the batch with an exception for each record. False, and nothing happens, when it had ended already. */
    public boolean fail(RuntimeException error, IntFunction<RuntimeException> recordErrors) {
        return end(new BatchOutcome(-1, -1, error, recordErrors));
    }

    private boolean end(BatchOutcome how) {
        if (hasEnded())
            return false;
        outcome = how;
        SendResult result = first;
        first = null;
        last = null;
        while (result != null) {
            SendResult following = result.next;
            // Unlinked, so that a Future somebody keeps does not keep its whole batch.
            result.next = null;
            result.fireCallback(this, how);
            result = following;
        }
        releaseMemory();
        done.countDown();
        return true;
    }

    private boolean hasEnded() {
        return outcome != null || !parts.isEmpty();
    }

    private void releaseMemory() {
        memory.release(buffer);
        buffer = null;
        memory = null;
    }

    /**
     * Replaces a batch that the broker found too large by smaller ones with the same records in the same order, uncompressed
     * staging again, and neither sealed bytes nor sequences of their own yet. The parts' memory is not the pool's.
     *
     * @param targetSize bytes of a part, unless one record alone is larger
     */
    public List<ProducerBatch> split(Codec codec, int targetSize) {
        byte[] records = codecId == 0 ? buffer
                : codec.decompress(buffer, BatchHeader.SIZE, position - BatchHeader.SIZE, rawSize - BatchHeader.SIZE);
        int at = codecId == 0 ? BatchHeader.SIZE : 0;
        List<ProducerBatch> made = new ArrayList<>();
        ProducerBatch part = null;
        SendResult result = first;
        while (result != null) {
            SendResult following = result.next;
            result.next = null;
            int body = (int) Varint.read(records, at);
            int end = at + Varint.sizeOf(body) + body;
            int tail = tailOffset(records, at);
            if (part == null || !part.hasRoomToSplit(end - at, targetSize)) {
                part = new ProducerBatch(topicPartition, createdMs, UNPOOLED, new byte[Math.max(targetSize,
                        RecordWriter.batchSizeUpperBound(end - tail))], targetSize, targetSize, 1, transactional, true);
                made.add(part);
            }
            part.takeOver(result, records, tail, end - tail);
            at = end;
            result = following;
        }
        first = null;
        last = null;
        made.forEach(ProducerBatch::seal);
        parts = List.copyOf(made);
        releaseMemory();
        done.countDown();
        return made;
    }

    private boolean hasRoomToSplit(int size, int targetSize) {
        return position + size + 2 * Long.BYTES <= targetSize;
    }

    private void takeOver(SendResult result, byte[] records, int tail, int tailSize) {
        long timestamp = result.timestamp();
        long delta = recordCount == 0 ? 0 : timestamp - baseTimestamp;
        position = RecordWriter.writeWithTail(buffer, position, delta, recordCount, records, tail, tailSize);
        append(result, timestamp, RecordWriter.recordSize(tailSize, delta, recordCount));
    }

    private static int tailOffset(byte[] records, int recordOffset) {
        int at = recordOffset + Varint.sizeOf((int) Varint.read(records, recordOffset)) + 1;
        at += Varint.sizeOf(Varint.read(records, at));
        return at + Varint.sizeOf(Varint.read(records, at));
    }

    private static final Memory UNPOOLED = new Memory() {
        @Override
        public byte[] tryAllocate(int size) {
            return new byte[size];
        }

        @Override
        public byte[] shrink(byte[] buffer, int size) {
            return buffer;
        }

        @Override
        public void release(byte[] buffer) {
            // The garbage collector's.
        }
    };

    // ---------------------------------------------------------------- any thread

    public TopicPartition topicPartition() {
        return topicPartition;
    }

    public long createdMs() {
        return createdMs;
    }

    public int recordCount() {
        return recordCount;
    }

    /** Bytes of the largest record. */
    public int maxRecordSize() {
        return maxRecordSize;
    }

    /** True for a part of a batch that was too large. */
    public boolean isPartOfSplit() {
        return partOfSplit;
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
        return "ProducerBatch(" + topicPartition + ", records=" + recordCount + ", sequence=" + baseSequence
                + ", attempts=" + attempts + ")";
    }
}
