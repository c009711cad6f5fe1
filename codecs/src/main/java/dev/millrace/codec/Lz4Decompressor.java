package dev.millrace.codec;

import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * Reads one LZ4 frame, with all options Kafka's reader takes: block sizes up to 4 MiB, block checksums (verified), a
 * content size and a content checksum (both skipped). What follows the frame is ignored, as Kafka does.
 */
final class Lz4Decompressor implements Decompressor {
    private static final LZ4SafeDecompressor BLOCKS = LZ4Factory.fastestInstance().safeDecompressor();
    private static final XXHash32 HASH = XXHashFactory.fastestInstance().hash32();

    /** For a block that may not fit what is left of a segment. */
    private byte[] blockScratch = new byte[0];

    @Override
    public void decompress(byte[] src, int srcOffset, int srcLength, BoundedOutput out) {
        int end = srcOffset + srcLength;
        Lz4Format.Descriptor frame = Lz4Format.Descriptor.read(HASH, src, srcOffset, end);
        int at = srcOffset + frame.bytes();
        while (true) {
            if (end - at < 4) {
                throw new CodecException("lz4 data ends too early: there is no end mark");
            }
            int size = LittleEndian.getInt(src, at);
            at += 4;
            if ((size & ~Lz4Format.STORED) == 0) {
                return;
            }
            at = block(frame, size, src, at, end, out);
        }
    }

    private int block(Lz4Format.Descriptor frame, int size, byte[] src, int at, int end, BoundedOutput out) {
        int length = size & ~Lz4Format.STORED;
        if (length > frame.maxBlockBytes()) {
            throw new CodecException("lz4 data is corrupt: a block claims " + length + " bytes, the frame allows "
                    + frame.maxBlockBytes());
        }
        int bytes = length + (frame.blockChecksums() ? 4 : 0);
        if (bytes > end - at) {
            throw new CodecException("lz4 data ends too early: in a block");
        }
        if (frame.blockChecksums() && HASH.hash(src, at, length, 0) != LittleEndian.getInt(src, at + length)) {
            throw new CodecException("lz4 data is corrupt: a block's checksum does not match");
        }
        if (size < 0) {
            out.write(src, at, length);
        } else {
            int most = (int) Math.min(frame.maxBlockBytes(), (long) length * Lz4Format.MAX_RATIO);
            compressedBlock(src, at, length, most, out);
        }
        return at + bytes;
    }

    private void compressedBlock(byte[] src, int at, int length, int most, BoundedOutput out) {
        try {
            if (out.room() >= most) {
                out.advance(BLOCKS.decompress(src, at, length, out.array(), out.position(), most));
                return;
            }
            if (blockScratch.length < most) {
                blockScratch = new byte[most];
            }
            out.write(blockScratch, 0, BLOCKS.decompress(src, at, length, blockScratch, 0, most));
        } catch (LZ4Exception e) {
            throw new CodecException("lz4 data is corrupt: " + e.getMessage(), e);
        }
    }
}
