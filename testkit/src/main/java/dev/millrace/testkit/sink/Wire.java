package dev.millrace.testkit.sink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The protocol's basic types. "Flexible" requests write lengths as unsigned varints of length + 1 and end every
 * structure with tagged fields; older ones have int16 and int32 lengths.
 */
final class Wire {
    private Wire() {
    }

    static int unsignedVarint(ByteBuffer in) {
        int value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a varint of more than 5 bytes");
    }

    static void putUnsignedVarint(ByteBuffer out, int value) {
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }

    /** Zigzag, as in records. */
    static void putVarint(ByteBuffer out, int value) {
        putUnsignedVarint(out, value << 1 ^ value >> 31);
    }

    static int varintSize(int value) {
        int zigzag = value << 1 ^ value >> 31;
        return (38 - Integer.numberOfLeadingZeros(zigzag | 1)) / 7;
    }

    /** The number of elements of an array; -1 for null. */
    static int arrayLength(ByteBuffer in, boolean flexible) {
        return flexible ? unsignedVarint(in) - 1 : in.getInt();
    }

    static void putArrayLength(ByteBuffer out, boolean flexible, int length) {
        if (flexible) {
            putUnsignedVarint(out, length + 1);
        } else {
            out.putInt(length);
        }
    }

    /** The number of bytes of a string; -1 for null. */
    static int stringLength(ByteBuffer in, boolean flexible) {
        return flexible ? unsignedVarint(in) - 1 : in.getShort();
    }

    static String string(ByteBuffer in, boolean flexible) {
        byte[] bytes = new byte[checked(in, stringLength(in, flexible))];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void skipString(ByteBuffer in, boolean flexible) {
        skip(in, Math.max(0, stringLength(in, flexible)));
    }

    static void skip(ByteBuffer in, int bytes) {
        in.position(in.position() + checked(in, bytes));
    }

    private static int checked(ByteBuffer in, int bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw new IllegalArgumentException("a length of " + bytes + " where " + in.remaining() + " bytes are left");
        }
        return bytes;
    }

    static void skipTags(ByteBuffer in) {
        for (int tags = unsignedVarint(in); tags > 0; tags--) {
            unsignedVarint(in);
            skip(in, unsignedVarint(in));
        }
    }

    static void putNoTags(ByteBuffer out) {
        out.put((byte) 0);
    }
}
