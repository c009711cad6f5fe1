package dev.millrace.codec;

import java.io.IOException;
import org.xerial.snappy.Snappy;

/**
 * Reads xerial's framing, with any block size and several headers in a row, and a single snappy block without framing
 * (some other clients write that): everything Kafka's reader takes.
 */
final class SnappyDecompressor implements Decompressor {
    private static final int KEPT_SCRATCH_BYTES = 1 << 17;

    private byte[] blockScratch = new byte[0];

    @Override
    public void decompress(byte[] src, int srcOffset, int srcLength, BoundedOutput out) {
        int end = srcOffset + srcLength;
        try {
            if (SnappyFormat.startsWithMagic(src, srcOffset, end)) {
                out.expect(claimedLength(src, srcOffset, end));
                int at = srcOffset;
                while (at < end) {
                    at = headerOrBlock(src, at, end, out);
                }
            } else if (srcLength > 0) {
                out.expect(blockLength(src, srcOffset, srcLength));
                block(src, srcOffset, srcLength, out);
            } else {
                throw new CodecException("snappy data is empty: not even a header is there");
            }
        } catch (IOException e) {
            throw new CodecException("snappy data is corrupt: " + e.getMessage(), e);
        } finally {
            if (blockScratch.length > KEPT_SCRATCH_BYTES) {
                blockScratch = new byte[0];
            }
        }
    }

    /** The sum of what the blocks claim, each of which is possible for the block's size. */
    private static long claimedLength(byte[] src, int from, int end) throws IOException {
        long sum = 0;
        int at = from;
        while (at < end) {
            if (SnappyFormat.startsWithMagic(src, at, end)) {
                at += SnappyFormat.HEADER_BYTES;
            } else {
                int length = compressedLength(src, at, end);
                sum += blockLength(src, at + 4, length);
                at += 4 + length;
            }
        }
        return sum;
    }

    private int headerOrBlock(byte[] src, int at, int end, BoundedOutput out) throws IOException {
        if (SnappyFormat.startsWithMagic(src, at, end)) {
            int minimum = SnappyFormat.getInt(src, at + 12);
            int version = SnappyFormat.getInt(src, at + 8);
            if (version < SnappyFormat.VERSION) {
                throw new CodecException("snappy framing of version " + version + " (readable from " + minimum
                        + " on) is unknown: " + SnappyFormat.VERSION + " is known");
            }
            return at + SnappyFormat.HEADER_BYTES;
        }
        int length = compressedLength(src, at, end);
        block(src, at + 4, length, out);
        return at + 4 + length;
    }

    private static int compressedLength(byte[] src, int at, int end) {
        if (end - at < 4) {
            throw new CodecException("snappy data ends too early: in a block's length");
        }
        int length = SnappyFormat.getInt(src, at);
        if (length <= 0 || length > end - at - 4) {
            throw new CodecException("snappy data is corrupt or ends too early: a block claims " + length + " bytes, "
                    + (end - at - 4) + " are there");
        }
        return length;
    }

    private static int blockLength(byte[] src, int at, int length) throws IOException {
        int claim = Snappy.uncompressedLength(src, at, length);
        if (claim < 0 || claim > (long) SnappyFormat.MAX_RATIO * length) {
            throw new CodecException("snappy data is corrupt: a block of " + length + " bytes claims to hold " + claim);
        }
        return claim;
    }

    private void block(byte[] src, int at, int length, BoundedOutput out) throws IOException {
        int claim = blockLength(src, at, length);
        if (claim > out.maxLength() - out.length()) {
            throw out.tooLarge();
        }
        if (claim <= out.contiguousRoom()) {
            out.advance(Snappy.uncompress(src, at, length, out.array(), out.position()));
            return;
        }
        if (blockScratch.length < claim) {
            blockScratch = new byte[claim];
        }
        out.write(blockScratch, 0, Snappy.uncompress(src, at, length, blockScratch, 0));
    }
}
