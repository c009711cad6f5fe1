package dev.millrace.codec;

import java.util.Objects;
import java.util.function.IntToLongFunction;
import java.util.function.Supplier;

/**
 * A codec made of contexts that serve one thread at a time. Checks arguments, lends a context for the length of a call,
 * and takes it back also when the call fails: contexts start clean every time.
 */
final class PooledCodec implements Codec {
    /** More than run at once are seldom needed; a thread that finds none makes one and gives it up afterwards. */
    private static final int IDLE_CONTEXTS = Math.max(2, Math.min(64, Runtime.getRuntime().availableProcessors()));

    private final CodecType type;
    private final String name;
    private final IntToLongFunction bound;
    private final ContextPool<Compressor> compressors;
    private final ContextPool<Decompression> decompressors;

    /**
     * @param name for messages: the type and its level
     * @param bound the largest compressed size of so many bytes
     */
    PooledCodec(CodecType type, String name, IntToLongFunction bound,
            Supplier<Compressor> compressor, Supplier<Decompressor> decompressor) {
        this.type = type;
        this.name = name;
        this.bound = bound;
        this.compressors = new ContextPool<>(IDLE_CONTEXTS, compressor);
        this.decompressors = new ContextPool<>(IDLE_CONTEXTS, () -> new Decompression(decompressor.get()));
    }

    @Override
    public CodecType type() {
        return type;
    }

    @Override
    public int maxCompressedLength(int length) {
        if (length < 0) {
            throw new IllegalArgumentException("length is " + length + ": it must not be negative");
        }
        long max = bound.applyAsLong(length);
        if (max > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(length + " bytes are too many for one array of " + name
                    + ": they may take " + max);
        }
        return (int) max;
    }

    @Override
    public int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        Objects.checkFromIndexSize(srcOffset, srcLength, src.length);
        Objects.checkFromToIndex(dstOffset, dst.length, dst.length);
        Compressor compressor = compressors.acquire();
        try {
            return compressor.compress(src, srcOffset, srcLength, dst, dstOffset);
        } finally {
            compressors.release(compressor);
        }
    }

    @Override
    public byte[] decompress(byte[] src, int srcOffset, int srcLength, int maxLength) {
        Objects.checkFromIndexSize(srcOffset, srcLength, src.length);
        if (maxLength < 0) {
            throw new IllegalArgumentException("maxLength is " + maxLength + ": it must not be negative");
        }
        Decompression context = decompressors.acquire();
        try {
            context.output.startGrowing(maxLength);
            context.decompressor.decompress(src, srcOffset, srcLength, context.output);
            return context.output.toArray();
        } finally {
            context.output.reset();
            decompressors.release(context);
        }
    }

    @Override
    public int decompress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset) {
        Objects.checkFromIndexSize(srcOffset, srcLength, src.length);
        Objects.checkFromToIndex(dstOffset, dst.length, dst.length);
        Decompression context = decompressors.acquire();
        try {
            context.output.startFixed(dst, dstOffset);
            context.decompressor.decompress(src, srcOffset, srcLength, context.output);
            return context.output.length();
        } finally {
            context.output.reset();
            decompressors.release(context);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    /** What one call of decompress needs. */
    private static final class Decompression implements AutoCloseable {
        final Decompressor decompressor;
        final BoundedOutput output = new BoundedOutput();

        Decompression(Decompressor decompressor) {
            this.decompressor = decompressor;
        }

        @Override
        public void close() {
            decompressor.close();
        }
    }
}
