package dev.millrace.codec;

import java.io.IOException;
import org.xerial.snappy.Snappy;

/** Writes snappy blocks in xerial's framing, byte for byte what Kafka writes. */
final class SnappyCompressor implements Compressor {
    private static final int BLOCK_ROOM = Snappy.maxCompressedLength(SnappyFormat.BLOCK_BYTES);

    /**
     * For blocks near the end of a tight destination: snappy itself wants room for the worst case. Null until needed.
     */
    private byte[] blockScratch;

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        int at = dstOffset;
        if (dst.length - at < SnappyFormat.HEADER_BYTES) {
            throw tooSmall(srcLength, dst.length - dstOffset);
        }
        SnappyFormat.putHeader(dst, at);
        at += SnappyFormat.HEADER_BYTES;
        int end = srcOffset + srcLength;
        int part;
        for (int from = srcOffset; from < end; from += part) {
            part = Math.min(SnappyFormat.BLOCK_BYTES, end - from);
            int room = dst.length - at - 4;
            int written = room >= BLOCK_ROOM || room >= Snappy.maxCompressedLength(part)
                    ? block(src, from, part, dst, at + 4)
                    : tightBlock(src, from, part, dst, at + 4);
            if (written < 0) {
                throw tooSmall(srcLength, dst.length - dstOffset);
            }
            SnappyFormat.putInt(dst, at, written);
            at += 4 + written;
        }
        return at - dstOffset;
    }

    private static int block(byte[] src, int from, int length, byte[] dst, int at) {
        try {
            return Snappy.compress(src, from, length, dst, at);
        } catch (IOException e) {
            throw new CodecException("snappy could not compress " + length + " bytes: " + e.getMessage(), e);
        }
    }

    /** Returns -1 when the block does not fit. */
    private int tightBlock(byte[] src, int from, int length, byte[] dst, int at) {
        if (blockScratch == null) {
            blockScratch = new byte[BLOCK_ROOM];
        }
        int written = block(src, from, length, blockScratch, 0);
        if (written > dst.length - at) {
            return -1;
        }
        System.arraycopy(blockScratch, 0, dst, at, written);
        return written;
    }

    private static CodecException tooSmall(int srcLength, int room) {
        return new CodecException("snappy needs more than the " + room + " bytes left in the destination for "
                + srcLength + " bytes");
    }
}
