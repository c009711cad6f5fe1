package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every codec does at every level, held against kafka-clients' own streams. */
@ParameterizedClass(name = "{0} level {1}")
@MethodSource("dev.millrace.codec.CodecContractTest#codecs")
class CodecContractTest {
    private static final long SEED = Long.getLong("millrace.seed", 20261121L);
    private static final int[] SIZES = {0, 1, 2, 7, 100, 1000, 16_383, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537,
        131_071, 131_072, 131_073, 1_000_000};

    private final CodecType type;
    private final int level;
    private final Codec codec;
    private final Compression kafka;
    private final Random random = new Random(SEED);

    CodecContractTest(CodecType type, int level) {
        this.type = type;
        this.level = level;
        this.codec = type.hasLevels() ? Codecs.of(type, level) : Codecs.of(type);
        this.kafka = KafkaCompression.of(type, level);
    }

    static Stream<Object[]> codecs() {
        return Stream.of(
                new Object[] {CodecType.NONE, 0},
                new Object[] {CodecType.GZIP, -1}, new Object[] {CodecType.GZIP, 1}, new Object[] {CodecType.GZIP, 9},
                new Object[] {CodecType.SNAPPY, 0},
                new Object[] {CodecType.LZ4, 9}, new Object[] {CodecType.LZ4, 1}, new Object[] {CodecType.LZ4, 17},
                new Object[] {CodecType.ZSTD, 3}, new Object[] {CodecType.ZSTD, -131072},
                new Object[] {CodecType.ZSTD, -1}, new Object[] {CodecType.ZSTD, 1}, new Object[] {CodecType.ZSTD, 12});
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeReadByKafka(TestData data) {
        for (int size : SIZES) {
            byte[] plain = data.bytes(size, random);
            byte[] compressed = compress(plain);
            byte[] read = KafkaCompression.decompress(kafka, compressed, 0, compressed.length);
            assertArrayEquals(plain, read, () -> what(data, size));
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldReadWhatKafkaWrote(TestData data) {
        for (int size : SIZES) {
            byte[] plain = data.bytes(size, random);
            byte[] compressed = KafkaCompression.compress(kafka, plain);
            assertArrayEquals(plain, codec.decompress(compressed, 0, compressed.length, size), () -> what(data, size));
            byte[] into = new byte[size];
            assertEquals(size, codec.decompress(compressed, 0, compressed.length, into, 0), () -> what(data, size));
            assertArrayEquals(plain, into, () -> what(data, size));
        }
    }

    private byte[] compress(byte[] plain) {
        byte[] dst = new byte[codec.maxCompressedLength(plain.length)];
        return Arrays.copyOf(dst, codec.compress(plain, 0, plain.length, dst, 0));
    }

    private String what(TestData data, int size) {
        return codec + ", " + size + " bytes of " + data + ", -Dmillrace.seed=" + SEED;
    }
}
