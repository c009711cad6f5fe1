package dev.millrace.internal.producer.batch;

/**
 * Zig-zag variable-length integers as the record format writes them
 * (<a href="https://protobuf.dev/programming-guides/encoding/#signed-ints">protobuf's sint32 and sint64</a>).
 */
public final class Varint {

    private Varint() {
    }

    /** Bytes that {@link #write(byte[], int, int)} writes: 1 to 5. */
    public static int sizeOf(int value) {
        return sizeOfUnsigned((value << 1) ^ (value >> 31));
    }

    /** Bytes that {@link #write(byte[], int, long)} writes: 1 to 10. */
    public static int sizeOf(long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        // Seven bits a byte: ceil(bits / 7) without a division by a variable; at least one byte.
        int bits = 64 - Long.numberOfLeadingZeros(zigzag | 1);
        return (bits + 6) / 7;
    }

    private static int sizeOfUnsigned(int zigzag) {
        int bits = 32 - Integer.numberOfLeadingZeros(zigzag | 1);
        return (bits + 6) / 7;
    }

    /** Writes {@code value} at {@code position} and returns the position behind it. */
    public static int write(byte[] buffer, int position, int value) {
        int rest = (value << 1) ^ (value >> 31);
        while ((rest & ~0x7f) != 0) {
            buffer[position++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        buffer[position++] = (byte) rest;
        return position;
    }

    /** Writes {@code value} at {@code position} and returns the position behind it. */
    public static int write(byte[] buffer, int position, long value) {
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7fL) != 0) {
            buffer[position++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        buffer[position++] = (byte) rest;
        return position;
    }

    /** Reads a value written by either {@code write}; its length is {@code sizeOf} of what is returned. */
    public static long read(byte[] buffer, int position) {
        long zigzag = 0;
        int shift = 0;
        byte next;
        do {
            next = buffer[position++];
            zigzag |= (next & 0x7fL) << shift;
            shift += 7;
        } while (next < 0);
        return (zigzag >>> 1) ^ -(zigzag & 1);
    }
}
