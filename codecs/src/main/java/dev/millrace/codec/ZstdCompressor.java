package dev.millrace.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;

/**
 * Writes one zstd frame with its content size and, as Kafka's writer, no checksum. Knowing the size of the whole, zstd
 * takes tables that fit it, where a streaming writer must prepare for megabytes.
 */
final class ZstdCompressor implements Compressor {
    private final ZstdCompressCtx context = new ZstdCompressCtx();

    ZstdCompressor(int level) {
        context.setLevel(level);
        context.setChecksum(false);
        context.setContentSize(true);
    }

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        int room = dst.length - dstOffset;
        try {
            return context.compressByteArray(dst, dstOffset, room, src, srcOffset, srcLength);
        } catch (ZstdException e) {
            if (e.getErrorCode() == Zstd.errDstSizeTooSmall()) {
                throw new CodecException("zstd needs more than the " + room + " bytes left in the destination for "
                        + srcLength + " bytes", e);
            }
            throw new CodecException("zstd could not compress " + srcLength + " bytes: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        context.close();
    }

    /** ZSTD_COMPRESSBOUND of zstd.h, without loading the library. */
    static long bound(int length) {
        int small = length < 128 * 1024 ? 128 * 1024 - length >> 11 : 0;
        return (long) length + (length >> 8) + small;
    }
}
