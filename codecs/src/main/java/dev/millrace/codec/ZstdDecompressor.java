package dev.millrace.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;

/**
 * Reads zstd frames in a row, skippable ones too. Each frame is decompressed straight into contiguous room for as much
 * as it can make: zstd then needs no window of its own, whose size (up to 128 MiB) a frame's header may choose.
 */
final class ZstdDecompressor implements Decompressor {
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();

    @Override
    public void decompress(byte[] src, int srcOffset, int srcLength, BoundedOutput out) {
        int end = srcOffset + srcLength;
        int at = srcOffset;
        while (at < end) {
            ZstdFormat.Frame frame = ZstdFormat.Frame.read(src, at, end);
            frame(frame, src, at, out);
            at += frame.bytes();
        }
    }

    @Override
    public void close() {
        context.close();
    }

    private void frame(ZstdFormat.Frame frame, byte[] src, int at, BoundedOutput out) {
        boolean told = frame.contentBytes() != ZstdFormat.UNKNOWN;
        if (told && frame.contentBytes() > out.maxLength() - out.length()) {
            throw out.tooLarge();
        }
        long most = told ? frame.contentBytes() : frame.maxContentBytes();
        if (told && out.length() == 0) {
            out.expect(most);
        }
        out.expectContiguous(most);
        int room = (int) Math.min(most, out.contiguousRoom());
        try {
            out.advance(context.decompressByteArray(out.array(), out.position(), room, src, at, frame.bytes()));
        } catch (ZstdException e) {
            if (e.getErrorCode() == Zstd.errDstSizeTooSmall() && room < most) {
                throw out.tooLarge();
            }
            throw new CodecException("zstd data is corrupt: " + e.getMessage(), e);
        }
    }
}
