package dev.millrace.codec;

import com.github.luben.zstd.Zstd;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.xerial.snappy.Snappy;

/**
 * Where codecs come from. There is one per type and level, shared by all who ask, so that its contexts are shared too.
 * A type's library is loaded when its codec is first asked for. Thread-safe.
 */
public final class Codecs {
    private static final ConcurrentMap<Key, Codec> CODECS = new ConcurrentHashMap<>();

    private Codecs() {
    }

    /**
     * The codec of a type at Kafka's default level.
     *
     * @throws CodecException when the type's native library cannot be loaded here
     */
    public static Codec of(CodecType type) {
        return cached(type, type.hasLevels() ? type.defaultLevel() : 0);
    }

    /**
     * The codec of a type at a level, which means what it means to Kafka ({@code compression.gzip.level} and so on).
     *
     * @throws IllegalArgumentException when the type has no levels, or not this one
     * @throws CodecException when the type's native library cannot be loaded here
     */
    public static Codec of(CodecType type, int level) {
        return cached(type, type.checkLevel(level));
    }

    private static Codec cached(CodecType type, int level) {
        Key key = new Key(type, level);
        Codec codec = CODECS.get(key);
        return codec != null ? codec : CODECS.computeIfAbsent(key, Codecs::make);
    }

    private static Codec make(Key key) {
        CodecType type = key.type;
        int level = key.level;
        String name = type.hasLevels() ? type.codecName() + " level " + level : type.codecName();
        try {
            return switch (type) {
                case NONE -> new NoneCodec();
                case GZIP -> new PooledCodec(type, name, GzipFormat::bound,
                        () -> new GzipCompressor(level), GzipDecompressor::new);
                case SNAPPY -> {
                    Snappy.maxCompressedLength(0); // loads the library, or fails here
                    yield new PooledCodec(type, name, SnappyFormat::bound,
                            SnappyCompressor::new, SnappyDecompressor::new);
                }
                case LZ4 -> new PooledCodec(type, name, Lz4Format::bound,
                        () -> new Lz4Compressor(level), Lz4Decompressor::new);
                case ZSTD -> {
                    Zstd.compressBound(0); // loads the library, or fails here
                    yield new PooledCodec(type, name, ZstdCompressor::bound,
                            () -> new ZstdCompressor(level), ZstdDecompressor::new);
                }
            };
        } catch (LinkageError e) {
            throw new CodecException("the native library of compression type " + type + " cannot be loaded on "
                    + System.getProperty("os.name") + " " + System.getProperty("os.arch") + " (java.io.tmpdir "
                    + System.getProperty("java.io.tmpdir") + "): make that folder writable and executable, or choose "
                    + "gzip or lz4, which work without native code", e);
        }
    }

    private record Key(CodecType type, int level) {
    }
}
