package dev.millrace.internal.producer.batch;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;

/**
 * Writes one record of a record batch v2 with plain array stores
 * (<a href="https://kafka.apache.org/documentation/#record">Kafka's record format</a>):
 *
 * <pre>
 *   length          varint   bytes behind this field
 *   attributes      int8     always 0
 *   timestampDelta  varlong  to the batch's first record
 *   offsetDelta     varint   the record's index in its batch
 *   ---- the tail: everything below is known before the partition's lock is taken ----
 *   keyLength       varint   -1 for null
 *   key             bytes
 *   valueLength     varint   -1 for null
 *   value           bytes
 *   headerCount     varint
 *   headers         keyLength varint, key UTF-8, valueLength varint (-1 for null), value
 * </pre>
 */
public final class RecordWriter {

    /** The headers' bytes of a record that has none: a count of zero. */
    public static final byte[] NO_HEADERS = {0};

    /** Kafka's own allowance for a record's length, attributes and deltas in its size checks. */
    private static final int MAX_RECORD_OVERHEAD = 21;

    private RecordWriter() {
    }

    /** The headers as they stand in a record, their count included. */
    public static byte[] encodeHeaders(Header[] headers) {
        if (headers.length == 0)
            return NO_HEADERS;
        byte[][] keys = new byte[headers.length][];
        int size = Varint.sizeOf(headers.length);
        for (int i = 0; i < headers.length; i++) {
            String key = headers[i].key();
            if (key == null)
                throw new IllegalArgumentException("Invalid null header key found in headers");
            keys[i] = key.getBytes(StandardCharsets.UTF_8);
            size += sizeOf(keys[i]) + sizeOf(headers[i].value());
        }
        byte[] encoded = new byte[size];
        int position = Varint.write(encoded, 0, headers.length);
        for (int i = 0; i < headers.length; i++) {
            position = write(encoded, position, keys[i]);
            position = write(encoded, position, headers[i].value());
        }
        return encoded;
    }

    /** Bytes of the tail: key, value and headers with their lengths. */
    public static int tailSize(byte[] key, byte[] value, byte[] headers) {
        return sizeOf(key) + sizeOf(value) + headers.length;
    }

    /**
     * The size that {@code max.request.size} and {@code buffer.memory} are checked against: what a batch with this record
     * alone could take at most, the same bound as {@code KafkaProducer}'s.
     */
    public static int batchSizeUpperBound(int tailSize) {
        return BatchHeader.SIZE + MAX_RECORD_OVERHEAD + tailSize;
    }

    /** Bytes of the whole record, its length field included. */
    static int recordSize(int tailSize, long timestampDelta, int offsetDelta) {
        int body = bodySize(tailSize, timestampDelta, offsetDelta);
        return Varint.sizeOf(body) + body;
    }

    private static int bodySize(int tailSize, long timestampDelta, int offsetDelta) {
        return 1 + Varint.sizeOf(timestampDelta) + Varint.sizeOf(offsetDelta) + tailSize;
    }

    /** Writes a record at {@code position}, where there must be room for it, and returns the position behind it. */
    static int write(byte[] buffer, int position, int tailSize, long timestampDelta, int offsetDelta,
                     byte[] key, byte[] value, byte[] headers) {
        int at = writeFront(buffer, position, tailSize, timestampDelta, offsetDelta);
        at = write(buffer, at, key);
        at = write(buffer, at, value);
        System.arraycopy(headers, 0, buffer, at, headers.length);
        return at + headers.length;
    }

    /** Writes a record whose tail lies ready in {@code source}; for splitting a batch. */
    static int writeWithTail(byte[] buffer, int position, long timestampDelta, int offsetDelta,
                             byte[] source, int tailOffset, int tailSize) {
        int at = writeFront(buffer, position, tailSize, timestampDelta, offsetDelta);
        System.arraycopy(source, tailOffset, buffer, at, tailSize);
        return at + tailSize;
    }

    private static int writeFront(byte[] buffer, int position, int tailSize, long timestampDelta, int offsetDelta) {
        int at = Varint.write(buffer, position, bodySize(tailSize, timestampDelta, offsetDelta));
        buffer[at++] = 0;
        at = Varint.write(buffer, at, timestampDelta);
        return Varint.write(buffer, at, offsetDelta);
    }

    private static int sizeOf(byte[] field) {
        return field == null ? 1 : Varint.sizeOf(field.length) + field.length;
    }

    private static int write(byte[] buffer, int position, byte[] field) {
        if (field == null)
            return Varint.write(buffer, position, -1);
        int at = Varint.write(buffer, position, field.length);
        System.arraycopy(field, 0, buffer, at, field.length);
        return at + field.length;
    }
}
