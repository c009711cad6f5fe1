package dev.millrace.internal.producer.batch;

import dev.millrace.codec.Codec;

/**
 * The bytes of a batch: records staged behind room for the header, then, if that makes them fewer, compressed as a whole.
 *
 * <p>Threads: those of the {@link ProducerBatch} it belongs to.
 */
public final class StagedRecords {

    /** Length, attributes, two deltas, key length, value length and header count, a byte each. */
    private static final int SMALLEST_RECORD = 7;

    private final BatchLimits limits;
    private final float compressionRatio;

    /** The limits of now. */
    private int writeLimit;
    private int rawLimit;
    /** Where records end at the latest, by both limits. */
    private int end;
    /** Null after the end: a Future that somebody keeps should not keep the pool. */
    private Memory memory;
    private byte[] buffer;
    private int position = BatchHeader.SIZE;
    private int count;
    private int maxRecordSize;
    private long baseTimestamp;
    private long maxTimestamp;
    /** Bytes before compression, -1 before it was tried. */
    private int rawSize = -1;
    private int codecId;

    /** The parameters of {@link ProducerBatch}'s constructor. */
    public StagedRecords(Memory memory, byte[] buffer, BatchLimits limits, float compressionRatio) {
        this.memory = memory;
        this.buffer = buffer;
        this.limits = limits;
        this.writeLimit = limits.bytes();
        this.rawLimit = limits.rawBytes();
        this.compressionRatio = compressionRatio;
        this.end = end();
    }

    // ---------------------------------------------------------------- open

    /** False when there is no room, nor memory to grow. */
    public boolean tryAppend(long timestamp, byte[] key, byte[] value, byte[] headers, int tailSize) {
        long timestampDelta = count == 0 ? 0 : timestamp - baseTimestamp;
        int size = RecordWriter.recordSize(tailSize, timestampDelta, count);
        if (count > 0 && !hasRoom(size) || position + size > buffer.length && !grow(position + size))
            return false;
        position = RecordWriter.write(buffer, position, tailSize, timestampDelta, count, key, value, headers);
        counted(timestamp, size);
        return true;
    }

    /** Appends a record of another batch; there must be room. */
    void appendTail(long timestamp, byte[] source, int tailOffset, int tailSize) {
        long timestampDelta = count == 0 ? 0 : timestamp - baseTimestamp;
        int size = RecordWriter.recordSize(tailSize, timestampDelta, count);
        position = RecordWriter.writeWithTail(buffer, position, timestampDelta, count, source, tailOffset, tailSize);
        counted(timestamp, size);
    }

    private void counted(long timestamp, int size) {
        if (count++ == 0) {
            baseTimestamp = timestamp;
            maxTimestamp = timestamp;
        } else {
            maxTimestamp = Math.max(maxTimestamp, timestamp);
        }
        maxRecordSize = Math.max(maxRecordSize, size);
    }

    boolean hasRoom(int size) {
        return size <= end - position;
    }

    /** Once, instead of an estimate for each record. */
    private int end() {
        int last = (int) Math.min(rawLimit, BatchHeader.SIZE + (long) ((writeLimit - BatchHeader.SIZE + 1) / compressionRatio));
        while (last > BatchHeader.SIZE && estimate(last) > writeLimit)
            last--;
        return last;
    }

    boolean isFull() {
        return !hasRoom(SMALLEST_RECORD);
    }

    /** See {@link ProducerBatch#extend}: by doubling, so that a short wait does not make a long batch. */
    boolean extend() {
        if (writeLimit >= limits.maxBytes())
            return false;
        writeLimit = (int) Math.min(2L * writeLimit, limits.maxBytes());
        rawLimit = (int) Math.min(2L * rawLimit, limits.maxRawBytes());
        end = end();
        return true;
    }

    int unusedBytes() {
        return Math.max(0, writeLimit - estimate(position));
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

    // ---------------------------------------------------------------- sealed

    /** See {@link ProducerBatch#finish}. */
    public void finish(Codec codec, byte[] scratch) {
        rawSize = position;
        if (codec.type().id() == 0)
            return;
        int compressed = codec.compress(buffer, BatchHeader.SIZE, rawSize - BatchHeader.SIZE, scratch, 0);
        if (compressed >= rawSize - BatchHeader.SIZE)
            return;
        codecId = codec.type().id();
        position = BatchHeader.SIZE + compressed;
        buffer = memory.shrink(buffer, position);
        System.arraycopy(scratch, 0, buffer, BatchHeader.SIZE, compressed);
    }

    // ---------------------------------------------------------------- finished

    /** Header and checksum, over the bytes that were left free for them. */
    public void writeHeader(boolean transactional, long producerId, short producerEpoch, int baseSequence) {
        BatchHeader.write(buffer, position, codecId, transactional, count, baseTimestamp, maxTimestamp,
                producerId, producerEpoch, baseSequence);
    }

    /** The batch is {@code [0, size())} of it. */
    public byte[] bytes() {
        return buffer;
    }

    /** Bytes of the batch as it is now. */
    public int size() {
        return position;
    }

    /** Bytes of the batch as it is, or is thought to become, on the wire. */
    int estimatedSize() {
        return rawSize >= 0 ? position : estimate(position);
    }

    /** Bytes before compression, the header included. */
    int rawSize() {
        return rawSize >= 0 ? rawSize : position;
    }

    int count() {
        return count;
    }

    int maxRecordSize() {
        return maxRecordSize;
    }

    /** An array with the records as they were staged, behind {@link BatchHeader#SIZE} bytes of anything. */
    byte[] uncompressed(Codec codec) {
        if (codecId == 0)
            return buffer;
        byte[] raw = new byte[rawSize];
        codec.decompress(buffer, BatchHeader.SIZE, position - BatchHeader.SIZE, raw, BatchHeader.SIZE);
        return raw;
    }

    void release() {
        memory.release(buffer);
        buffer = null;
        memory = null;
    }
}
