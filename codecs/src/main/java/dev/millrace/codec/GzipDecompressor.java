package dev.millrace.codec;

import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads one gzip member or several in a row, as the JDK's GZIPInputStream (which Kafka reads with) does; what follows
 * and is no member is ignored, likewise. The checksum and the length of each member are verified.
 */
final class GzipDecompressor implements Decompressor {
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();

    @Override
    public void decompress(byte[] src, int srcOffset, int srcLength, BoundedOutput out) {
        int end = srcOffset + srcLength;
        expectClaimedLength(src, srcOffset, end, out);
        int at = srcOffset;
        do {
            at = member(src, at, end, out);
        } while (end - at >= GzipFormat.HEADER_BYTES && LittleEndian.getUnsignedShort(src, at) == GzipFormat.MAGIC);
    }

    @Override
    public void close() {
        inflater.end();
    }

    /** The last four bytes tell the size, if this is one member with nothing behind it. */
    private static void expectClaimedLength(byte[] src, int from, int end, BoundedOutput out) {
        if (end - from >= GzipFormat.HEADER_BYTES + GzipFormat.TRAILER_BYTES) {
            long claim = LittleEndian.getInt(src, end - 4) & 0xFFFF_FFFFL;
            if (claim <= (long) GzipFormat.MAX_RATIO * (end - from)) {
                out.expect(claim);
            }
        }
    }

    /** Returns where the member ends. */
    private int member(byte[] src, int from, int end, BoundedOutput out) {
        int at = skipHeader(src, from, end);
        long before = out.length();
        crc.reset();
        try {
            inflater.reset();
            inflater.setInput(src, at, end - at);
            inflate(out);
            at += (int) inflater.getBytesRead();
        } catch (DataFormatException e) {
            throw new CodecException("gzip data is corrupt: " + e.getMessage(), e);
        } finally {
            inflater.reset(); // lets go of the caller's array
        }
        if (end - at < GzipFormat.TRAILER_BYTES) {
            throw truncated();
        }
        if (LittleEndian.getInt(src, at) != (int) crc.getValue()) {
            throw new CodecException("gzip data is corrupt: its CRC-32 does not match");
        }
        if (LittleEndian.getInt(src, at + 4) != (int) (out.length() - before)) {
            throw new CodecException("gzip data is corrupt: its length does not match");
        }
        return at + GzipFormat.TRAILER_BYTES;
    }

    private void inflate(BoundedOutput out) throws DataFormatException {
        while (!inflater.finished()) {
            int room = out.room();
            byte[] array = out.array();
            int position = out.position();
            int written = inflater.inflate(array, position, room);
            crc.update(array, position, written);
            out.advance(written);
            if (written == 0 && !inflater.finished()) {
                if (inflater.needsDictionary()) {
                    throw new CodecException("gzip data is corrupt: it asks for a dictionary");
                }
                throw truncated(); // no progress with room to write: the input is used up
            }
        }
    }

    private static int skipHeader(byte[] src, int from, int end) {
        if (end - from < GzipFormat.HEADER_BYTES) {
            throw truncated();
        }
        if (LittleEndian.getUnsignedShort(src, from) != GzipFormat.MAGIC || src[from + 2] != GzipFormat.DEFLATED) {
            throw new CodecException("not gzip: the data does not start with 1F 8B 08");
        }
        int flags = src[from + 3];
        int at = from + GzipFormat.HEADER_BYTES;
        if ((flags & GzipFormat.FLAG_EXTRA) != 0) {
            if (end - at < 2) {
                throw truncated();
            }
            at += 2 + LittleEndian.getUnsignedShort(src, at);
        }
        if ((flags & GzipFormat.FLAG_NAME) != 0) {
            at = skipZeroTerminated(src, at, end);
        }
        if ((flags & GzipFormat.FLAG_COMMENT) != 0) {
            at = skipZeroTerminated(src, at, end);
        }
        if ((flags & GzipFormat.FLAG_HEADER_CRC) != 0) {
            at += 2;
        }
        if (at > end) {
            throw truncated();
        }
        return at;
    }

    private static int skipZeroTerminated(byte[] src, int from, int end) {
        for (int at = from; at < end; at++) {
            if (src[at] == 0) {
                return at + 1;
            }
        }
        throw truncated();
    }

    private static CodecException truncated() {
        return new CodecException("gzip data ends too early");
    }
}
