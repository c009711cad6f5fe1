package dev.millrace.codec;

/**
 * A gzip member (RFC 1952, section 2.3), as Kafka's writer (the JDK's GZIPOutputStream) leaves it: no optional field is
 * set.
 *
 * <pre>
 *   0    1    2    3    4    5    6    7    8    9    10                  n-8             n-4             n
 *   +----+----+----+----+----+----+----+----+----+----+-------------------+---------------+---------------+
 *   | 1F | 8B | 08 |FLG |       MTIME       |XFL | OS | deflated data ... | CRC32         | ISIZE         |
 *   +----+----+----+----+----+----+----+----+----+----+-------------------+---------------+---------------+
 *              deflate   0 = unknown               FF = unknown            of the plain data, its length mod 2^32
 * </pre>
 */
final class GzipFormat {
    static final int HEADER_BYTES = 10;
    static final int TRAILER_BYTES = 8;
    static final int MAGIC = 0x8B1F;
    static final byte DEFLATED = 8;
    static final byte OS_UNKNOWN = (byte) 0xFF;

    static final int FLAG_HEADER_CRC = 1 << 1;
    static final int FLAG_EXTRA = 1 << 2;
    static final int FLAG_NAME = 1 << 3;
    static final int FLAG_COMMENT = 1 << 4;

    /** Deflate makes at most 258 bytes of two bits. */
    static final int MAX_RATIO = 1032;

    private GzipFormat() {
    }

    /** What zlib's deflateBound says for any settings and any of its forks, which code a byte in 9 bits at worst. */
    static long bound(int length) {
        return (long) length + length / 8 + length / 64 + 64;
    }
}
