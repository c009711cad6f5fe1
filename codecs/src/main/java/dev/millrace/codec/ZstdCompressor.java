package dev.millrace.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;

/**
 * Writes one zstd frame with its content size and, as Kafka's writer, no checksum. Knowing the size of the whole, zstd
 * takes tables that fit it, where a streaming writer must prepare for megabytes.
 */
final class ZstdCompressor implements Compressor {
    /**
     * At its default level zstd takes, for more than 128 KiB, tables that do not fit into a core's cache beside the input, and
     * matches of 5 bytes. With smaller tables and matches of 6, inputs up to {@link #LARGE_MAX} are compressed faster, and JSON
     * no larger, other data little larger: see docs/codecs.md. Beyond that, far matches are worth large tables.
     */
    private static final int LARGE_MIN = 128 * 1024 + 1;
    private static final int LARGE_MAX = 512 * 1024;
    private static final int LARGE_HASH_LOG = 16;
    /** Of the table of short matches, as far as the default level goes. */
    private static final int LARGE_CHAIN_LOG = 14;
    private static final int LARGE_MIN_MATCH = 6;

    private final int level;
    private final ZstdCompressCtx context;
    /** For inputs from {@link #LARGE_MIN} to {@link #LARGE_MAX} at the default level; null until there was one. */
    private ZstdCompressCtx large;

    ZstdCompressor(int level) {
        this.level = level;
        this.context = context();
    }

    private ZstdCompressCtx context() {
        ZstdCompressCtx made = new ZstdCompressCtx();
        made.setLevel(level);
        made.setChecksum(false);
        made.setContentSize(true);
        return made;
    }

    private ZstdCompressCtx contextFor(int srcLength) {
        if (level != Zstd.defaultCompressionLevel() || srcLength < LARGE_MIN || srcLength > LARGE_MAX) {
            return context;
        }
        if (large == null) {
            large = context();
            large.setHashLog(LARGE_HASH_LOG);
            large.setChainLog(LARGE_CHAIN_LOG);
            large.setMinMatch(LARGE_MIN_MATCH);
        }
        return large;
    }

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        int room = dst.length - dstOffset;
        try {
            return contextFor(srcLength).compressByteArray(dst, dstOffset, room, src, srcOffset, srcLength);
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
        if (large != null) {
            large.close();
        }
    }

    /** ZSTD_COMPRESSBOUND of zstd.h, without loading the library. */
    static long bound(int length) {
        int small = length < 128 * 1024 ? 128 * 1024 - length >> 11 : 0;
        return (long) length + (length >> 8) + small;
    }
}
