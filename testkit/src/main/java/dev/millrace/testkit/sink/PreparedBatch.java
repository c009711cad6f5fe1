package dev.millrace.testkit.sink;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * One record batch that stands for a whole log: batch after batch the same, but for the base offset, which is not under
 * the CRC. Sink's thread only.
 */
final class PreparedBatch {
    private final ByteBuffer bytes;
    private final int recordsPerBatch;
    private final long endOffset;

    /**
     * Takes a batch as it is.
     *
     * @param batches how many make up a partition; 0 for one without end
     * @throws IllegalArgumentException if these bytes are not one whole record batch of format 2
     */
    PreparedBatch(byte[] batch, long batches) {
        bytes = ByteBuffer.allocateDirect(batch.length).put(batch).flip();
        if (batch.length < RecordBatchHeader.SIZE || bytes.get(RecordBatchHeader.MAGIC) != 2
                || bytes.getInt(RecordBatchHeader.LENGTH) != batch.length - RecordBatchHeader.BEFORE_LENGTH_COUNTS) {
            throw new IllegalArgumentException("the batch for fetches must be one whole record batch of format 2, got "
                    + batch.length + " bytes of something else");
        }
        recordsPerBatch = bytes.getInt(RecordBatchHeader.LAST_OFFSET_DELTA) + 1;
        if (recordsPerBatch < 1) {
            throw new IllegalArgumentException("the batch for fetches must hold a record");
        }
        endOffset = batches == 0 ? Long.MAX_VALUE / 2 : Math.multiplyExact(batches, recordsPerBatch);
    }

    /** A batch of uncompressed records without keys, whose values are all the same. */
    static byte[] of(int records, int valueBytes) {
        ByteBuffer out = ByteBuffer.allocate(RecordBatchHeader.SIZE + records * (valueBytes + 30));
        out.position(RecordBatchHeader.ATTRIBUTES);
        out.putShort((short) 0).putInt(records - 1).putLong(0).putLong(0).putLong(-1).putShort((short) -1).putInt(-1);
        out.putInt(records);
        for (int i = 0; i < records; i++) {
            int body = 1 + 1 + Wire.varintSize(i) + Wire.varintSize(-1) + Wire.varintSize(valueBytes) + valueBytes + 1;
            Wire.putVarint(out, body);
            out.put((byte) 0);          // attributes
            Wire.putVarint(out, 0);     // timestamp delta
            Wire.putVarint(out, i);     // offset delta
            Wire.putVarint(out, -1);    // no key
            Wire.putVarint(out, valueBytes);
            for (int b = 0; b < valueBytes; b++) {
                out.put((byte) ('a' + b % 26));
            }
            Wire.putVarint(out, 0);     // no headers
        }
        out.flip();
        out.putInt(RecordBatchHeader.LENGTH, out.limit() - RecordBatchHeader.BEFORE_LENGTH_COUNTS);
        out.put(RecordBatchHeader.MAGIC, (byte) 2);
        CRC32C crc = new CRC32C();
        crc.update(out.array(), RecordBatchHeader.ATTRIBUTES, out.limit() - RecordBatchHeader.ATTRIBUTES);
        out.putInt(RecordBatchHeader.CRC, (int) crc.getValue());
        byte[] batch = new byte[out.limit()];
        out.get(batch);
        return batch;
    }

    long endOffset() {
        return endOffset;
    }

    int size() {
        return bytes.limit();
    }

    /** How many batches from this offset on fit in so many bytes, and are there. */
    int batchesFrom(long offset, int maxBytes) {
        long left = (endOffset - offset + recordsPerBatch - 1) / recordsPerBatch;
        return (int) Math.min(left, maxBytes / size());
    }

    /** Writes so many batches, the first of which holds this offset. */
    void write(ByteBuffer out, long offset, int batches) {
        long base = offset - offset % recordsPerBatch;
        for (int i = 0; i < batches; i++) {
            int at = out.position();
            out.put(bytes.clear());
            out.putLong(at, base + (long) i * recordsPerBatch);
        }
    }
}
