package dev.millrace.codec;

import java.util.Arrays;
import java.util.Objects;

/** Copies. Has no state. */
final class NoneCodec implements Codec {
    @Override
    public CodecType type() {
        return CodecType.NONE;
    }

    @Override
    public int maxCompressedLength(int length) {
        if (length < 0) {
            throw new IllegalArgumentException("length is " + length + ": it must not be negative");
        }
        return length;
    }

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        return copy(src, srcOffset, srcLength, dst, dstOffset);
    }

    @Override
    public byte[] decompress(byte[] src, int srcOffset, int srcLength, int maxLength) {
        Objects.checkFromIndexSize(srcOffset, srcLength, src.length);
        if (maxLength < 0) {
            throw new IllegalArgumentException("maxLength is " + maxLength + ": it must not be negative");
        }
        if (srcLength > maxLength) {
            throw new CodecException("the input has " + srcLength + " bytes, more than the " + maxLength + " allowed");
        }
        return Arrays.copyOfRange(src, srcOffset, srcOffset + srcLength);
    }

    @Override
    public int decompress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        return copy(src, srcOffset, srcLength, dst, dstOffset);
    }

    private static int copy(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        Objects.checkFromIndexSize(srcOffset, srcLength, src.length);
        Objects.checkFromToIndex(dstOffset, dst.length, dst.length);
        if (srcLength > dst.length - dstOffset) {
            throw new CodecException("the input has more than the " + (dst.length - dstOffset)
                    + " bytes left in the destination: " + srcLength);
        }
        System.arraycopy(src, srcOffset, dst, dstOffset, srcLength);
        return srcLength;
    }

    @Override
    public String toString() {
        return "none";
    }
}
