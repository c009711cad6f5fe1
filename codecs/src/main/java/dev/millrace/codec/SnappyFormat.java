package dev.millrace.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The framing of xerial's snappy-java (SnappyOutputStream, SnappyCodec), which Kafka writes. Integers are big-endian.
 *
 * <pre>
 *   0    1    2    3    4    5    6    7    8             12            16       20
 *   +----+----+----+----+----+----+----+----+-------------+-------------+--------+--------------+--------+-----
 *   | 82 |'S' |'N' |'A' |'P' |'P' |'Y' | 00 | version = 1 | minimum = 1 | length | snappy block | length | ...
 *   +----+----+----+----+----+----+----+----+-------------+-------------+--------+--------------+--------+-----
 *                                                                        compressed    of up to 32 KiB of plain data
 * </pre>
 */
final class SnappyFormat {
    static final int HEADER_BYTES = 16;
    static final long MAGIC = 0x82534E4150505900L;
    static final int MAGIC_HEAD = (int) (MAGIC >>> 32);
    static final int VERSION = 1;
    /** How much plain data Kafka puts into one block: SnappyOutputStream's default. */
    static final int BLOCK_BYTES = 32 * 1024;
    /** A snappy element makes at most 64 bytes of three. */
    static final int MAX_RATIO = 22;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private SnappyFormat() {
    }

    static int getInt(byte[] bytes, int offset) {
        return (int) INT.get(bytes, offset);
    }

    static void putInt(byte[] bytes, int offset, int value) {
        INT.set(bytes, offset, value);
    }

    static boolean startsWithMagic(byte[] src, int from, int end) {
        return end - from >= HEADER_BYTES && (long) LONG.get(src, from) == MAGIC;
    }

    static void putHeader(byte[] dst, int offset) {
        LONG.set(dst, offset, MAGIC);
        putInt(dst, offset + 8, VERSION);
        putInt(dst, offset + 12, VERSION);
    }

    static long bound(int length) {
        long blocks = ((long) length + BLOCK_BYTES - 1) / BLOCK_BYTES;
        return HEADER_BYTES + blocks * (4 + 32) + length + length / 6;
    }
}
