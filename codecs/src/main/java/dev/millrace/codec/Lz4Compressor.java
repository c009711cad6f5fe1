package dev.millrace.codec;

import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.XXHashFactory;

/** Writes an LZ4 frame as Kafka does, with the compressor Kafka takes for the level. */
final class Lz4Compressor implements Compressor {
    private static final byte DESCRIPTOR_CHECKSUM = Lz4Format.descriptorChecksum(
            XXHashFactory.fastestInstance().hash32(), new byte[] {Lz4Format.FLG, Lz4Format.BD}, 0, 2);

    private final LZ4Compressor blocks;

    Lz4Compressor(int level) {
        LZ4Factory factory = LZ4Factory.fastestInstance();
        blocks = level == CodecType.LZ4.defaultLevel() ? factory.fastCompressor() : factory.highCompressor(level);
    }

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        int at = dstOffset;
        if (dst.length - at < Lz4Format.HEADER_BYTES + Lz4Format.END_MARK_BYTES) {
            throw tooSmall(srcLength, dst.length - dstOffset);
        }
        LittleEndian.putInt(dst, at, Lz4Format.MAGIC);
        dst[at + 4] = Lz4Format.FLG;
        dst[at + 5] = Lz4Format.BD;
        dst[at + 6] = DESCRIPTOR_CHECKSUM;
        at += Lz4Format.HEADER_BYTES;
        int end = srcOffset + srcLength;
        int part;
        for (int from = srcOffset; from < end; from += part) {
            part = Math.min(Lz4Format.BLOCK_BYTES, end - from);
            int written = block(src, from, part, dst, at);
            if (written < 0) {
                throw tooSmall(srcLength, dst.length - dstOffset);
            }
            at += written;
        }
        LittleEndian.putInt(dst, at, 0);
        return at + Lz4Format.END_MARK_BYTES - dstOffset;
    }

    /** Writes a block with its size, stored if compressing does not help. Returns -1 when it does not fit. */
    private int block(byte[] src, int from, int length, byte[] dst, int at) {
        int room = dst.length - at - 4 - Lz4Format.END_MARK_BYTES;
        if (room <= 0) {
            return -1;
        }
        int compressed = tryCompress(src, from, length, dst, at + 4, room);
        if (compressed < length) {
            LittleEndian.putInt(dst, at, compressed);
            return 4 + compressed;
        }
        if (room < length) {
            return -1;
        }
        System.arraycopy(src, from, dst, at + 4, length);
        LittleEndian.putInt(dst, at, length | Lz4Format.STORED);
        return 4 + length;
    }

    /**
     * With room for the worst case (every block of a destination that has maxCompressedLength), nothing is thrown here.
     */
    private int tryCompress(byte[] src, int from, int length, byte[] dst, int at, int room) {
        try {
            return blocks.compress(src, from, length, dst, at, room);
        } catch (LZ4Exception e) {
            return Integer.MAX_VALUE; // does not fit: perhaps it does when stored
        }
    }

    private static CodecException tooSmall(int srcLength, int room) {
        return new CodecException("lz4 needs more than the " + room + " bytes left in the destination for "
                + srcLength + " bytes");
    }
}
