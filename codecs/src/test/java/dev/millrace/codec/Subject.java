package dev.millrace.codec;

import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;

/** A codec under test, with the compression of kafka-clients that must agree with it. */
record Subject(CodecType type, int level, Codec codec, Compression kafka) {
    static Subject of(CodecType type) {
        return new Subject(type, 0, Codecs.of(type), Compression.of(type.codecName()).build());
    }

    static Subject of(CodecType type, int level) {
        return new Subject(type, level, Codecs.of(type, level), KafkaCompression.of(type, level));
    }

    /** Every type at its default level. */
    static Stream<Subject> types() {
        return Arrays.stream(CodecType.values()).map(Subject::of);
    }

    /** Every type at its default level and at the ends of its range. */
    static Stream<Subject> all() {
        return Stream.concat(types(), Stream.of(
                of(CodecType.GZIP, 1), of(CodecType.GZIP, 9),
                of(CodecType.LZ4, 1), of(CodecType.LZ4, 17),
                of(CodecType.ZSTD, -131072), of(CodecType.ZSTD, -1), of(CodecType.ZSTD, 1), of(CodecType.ZSTD, 12)));
    }

    byte[] compress(byte[] plain) {
        byte[] dst = new byte[codec.maxCompressedLength(plain.length)];
        return Arrays.copyOf(dst, codec.compress(plain, 0, plain.length, dst, 0));
    }

    byte[] decompress(byte[] compressed, int maxLength) {
        return codec.decompress(compressed, 0, compressed.length, maxLength);
    }

    @Override
    public String toString() {
        return codec.toString();
    }
}
