package dev.millrace.internal.producer.batch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The header of a record batch, format v2
 * (<a href="https://kafka.apache.org/documentation/#recordbatch">Kafka's record batch format</a>, KIP-98); big endian:
 *
 * <pre>
 *    0                   8           12              16  17      21
 *   +-------------------+-----------+---------------+---+-------+
 *   | baseOffset        | length    | leader epoch  | 2 | crc   |   the crc32c covers all from 21 on
 *   +----+--------------+-----------+-------+-------+---+-------+
 *   21   23             27                  35
 *   +----+--------------+-------------------+-------------------+
 *   |attr| last delta   | base timestamp    | max timestamp     |
 *   +----+--------------+----+--------------+----+--------------+
 *   43                       51   53             57             61
 *   +------------------------+----+--------------+--------------+----------
 *   | producer id            |epch| base sequence| record count | records ...
 *   +------------------------+----+--------------+--------------+----------
 * </pre>
 */
final class BatchHeader {

    static final int SIZE = 61;

    static final long NO_PRODUCER_ID = -1;
    static final short NO_PRODUCER_EPOCH = -1;
    static final int NO_SEQUENCE = -1;

    private static final int TRANSACTIONAL = 0x10;

    private static final int BASE_OFFSET = 0;
    private static final int LENGTH = 8;
    private static final int LEADER_EPOCH = 12;
    private static final int MAGIC = 16;
    private static final int CRC = 17;
    private static final int ATTRIBUTES = 21;
    private static final int LAST_OFFSET_DELTA = 23;
    private static final int BASE_TIMESTAMP = 27;
    private static final int MAX_TIMESTAMP = 35;
    private static final int PRODUCER_ID = 43;
    private static final int PRODUCER_EPOCH = 51;
    private static final int BASE_SEQUENCE = 53;
    private static final int RECORD_COUNT = 57;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private BatchHeader() {
    }

    /** Writes the whole header over {@code bytes[0, 61)}, the checksum of {@code bytes[21, size)} last. */
    static void write(byte[] bytes, int size, int codecId, boolean transactional, int recordCount,
                      long baseTimestamp, long maxTimestamp, long producerId, short producerEpoch, int baseSequence) {
        LONG.set(bytes, BASE_OFFSET, 0L);
        INT.set(bytes, LENGTH, size - LEADER_EPOCH);
        INT.set(bytes, LEADER_EPOCH, -1);
        bytes[MAGIC] = 2;
        SHORT.set(bytes, ATTRIBUTES, (short) (transactional ? codecId | TRANSACTIONAL : codecId));
        INT.set(bytes, LAST_OFFSET_DELTA, recordCount - 1);
        LONG.set(bytes, BASE_TIMESTAMP, baseTimestamp);
        LONG.set(bytes, MAX_TIMESTAMP, maxTimestamp);
        LONG.set(bytes, PRODUCER_ID, producerId);
        SHORT.set(bytes, PRODUCER_EPOCH, producerEpoch);
        INT.set(bytes, BASE_SEQUENCE, baseSequence);
        INT.set(bytes, RECORD_COUNT, recordCount);
        CRC32C crc = new CRC32C();
        crc.update(bytes, ATTRIBUTES, size - ATTRIBUTES);
        INT.set(bytes, CRC, (int) crc.getValue());
    }
}
