package dev.millrace.codec;

import net.jpountz.xxhash.XXHash32;

/**
 * The LZ4 frame (lz4_Frame_format.md, version 1), with the choices Kafka's writer (Lz4BlockOutputStream) makes: blocks
 * of up to 64 KiB that do not refer to each other, no checksum but the descriptor's. Integers are little-endian.
 *
 * <pre>
 *   0              4    5    6    7                                                        n-4            n
 *   +--------------+----+----+----+-------------+--------+-------------+--------+----------+--------------+
 *   | 04 22 4D 18  |FLG | BD | HC | block size  | block  | block size  | block  |   ...    | 00 00 00 00  |
 *   +--------------+----+----+----+-------------+--------+-------------+--------+----------+--------------+
 *                    60   40   82   highest bit set: the block is stored, not compressed     end mark
 * </pre>
 *
 * HC is the second byte of the xxHash-32 of FLG, BD and what follows them.
 */
final class Lz4Format {
    static final int MAGIC = 0x184D2204;
    static final int HEADER_BYTES = 7;
    static final int END_MARK_BYTES = 4;
    static final int STORED = 0x8000_0000;
    static final int BLOCK_BYTES = 64 * 1024;
    /** One more byte of length stands for 255 bytes. */
    static final int MAX_RATIO = 255;

    /** Version 1, blocks independent. */
    static final byte FLG = 0x60;
    /** Blocks of up to 64 KiB. */
    static final byte BD = 0x40;

    private static final int FLG_RESERVED = 0b11;
    private static final int FLG_CONTENT_SIZE = 1 << 3;
    private static final int FLG_BLOCK_CHECKSUM = 1 << 4;
    private static final int FLG_INDEPENDENT = 1 << 5;

    private Lz4Format() {
    }

    static byte descriptorChecksum(XXHash32 hash, byte[] frame, int descriptor, int length) {
        return (byte) (hash.hash(frame, descriptor, length, 0) >> 8);
    }

    /** Also leaves room for the last block's worst case before it is known to be better stored. */
    static long bound(int length) {
        long blocks = ((long) length + BLOCK_BYTES - 1) / BLOCK_BYTES;
        long expansion = Math.min(length, BLOCK_BYTES) / 255 + 16;
        return HEADER_BYTES + 4 * blocks + length + expansion + END_MARK_BYTES;
    }

    /** What a frame's descriptor says. */
    record Descriptor(int bytes, int maxBlockBytes, boolean blockChecksums) {
        /** Reads and checks all up to the first block; refuses what Kafka refuses. */
        static Descriptor read(XXHash32 hash, byte[] src, int from, int end) {
            if (end - from < HEADER_BYTES) {
                throw new CodecException("lz4 data ends too early: in the frame's descriptor");
            }
            if (LittleEndian.getInt(src, from) != MAGIC) {
                throw new CodecException("not an lz4 frame: the data does not start with 04 22 4D 18");
            }
            int flg = src[from + 4];
            int bd = src[from + 5];
            if ((flg & 0xC0) != 0x40 || (flg & FLG_RESERVED) != 0 || (flg & FLG_INDEPENDENT) == 0) {
                throw new CodecException("lz4 frame flags " + Integer.toHexString(flg & 0xFF)
                        + " are not supported: version 1 with independent blocks and no dictionary is");
            }
            int sizeCode = bd >> 4;
            if ((bd & 0x8F) != 0 || sizeCode < 4) {
                throw new CodecException("lz4 frame block size " + Integer.toHexString(bd & 0xFF)
                        + " is not supported: 40, 50, 60 and 70 are");
            }
            int bytes = HEADER_BYTES + ((flg & FLG_CONTENT_SIZE) != 0 ? 8 : 0);
            if (end - from < bytes) {
                throw new CodecException("lz4 data ends too early: in the frame's descriptor");
            }
            if (descriptorChecksum(hash, src, from + 4, bytes - 5) != src[from + bytes - 1]) {
                throw new CodecException("lz4 data is corrupt: the descriptor's checksum does not match");
            }
            return new Descriptor(bytes, 1 << 2 * sizeCode + 8, (flg & FLG_BLOCK_CHECKSUM) != 0);
        }
    }
}
