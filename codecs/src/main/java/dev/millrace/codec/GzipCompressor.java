package dev.millrace.codec;

import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes one gzip member. */
final class GzipCompressor implements Compressor {
    private final Deflater deflater;
    private final CRC32 crc = new CRC32();

    GzipCompressor(int level) {
        deflater = new Deflater(level, true);
    }

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        int at = dstOffset;
        if (dst.length - at < GzipFormat.HEADER_BYTES + GzipFormat.TRAILER_BYTES) {
            throw tooSmall(srcLength, dst.length - dstOffset);
        }
        LittleEndian.putInt(dst, at, GzipFormat.DEFLATED << 16 | GzipFormat.MAGIC);
        LittleEndian.putInt(dst, at + 4, 0);
        dst[at + 8] = 0;
        dst[at + 9] = GzipFormat.OS_UNKNOWN;
        at += GzipFormat.HEADER_BYTES;
        try {
            deflater.setInput(src, srcOffset, srcLength);
            deflater.finish();
            while (!deflater.finished()) {
                if (at == dst.length) {
                    throw tooSmall(srcLength, dst.length - dstOffset);
                }
                at += deflater.deflate(dst, at, dst.length - at);
            }
        } finally {
            deflater.reset(); // lets go of the caller's array, too
        }
        if (dst.length - at < GzipFormat.TRAILER_BYTES) {
            throw tooSmall(srcLength, dst.length - dstOffset);
        }
        crc.reset();
        crc.update(src, srcOffset, srcLength);
        LittleEndian.putInt(dst, at, (int) crc.getValue());
        LittleEndian.putInt(dst, at + 4, srcLength);
        return at + GzipFormat.TRAILER_BYTES - dstOffset;
    }

    @Override
    public void close() {
        deflater.end();
    }

    private static CodecException tooSmall(int srcLength, int room) {
        return new CodecException("gzip needs more than the " + room + " bytes left in the destination for "
                + srcLength + " bytes");
    }
}
