package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.kafka.common.record.internal.CompressionType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodecTypeTest {
    @ParameterizedTest
    @EnumSource
    void shouldHaveKafkasIdNameAndLevels(CodecType type) {
        CompressionType kafka = CompressionType.forId(type.id());
        assertEquals(kafka.name, type.codecName());
        assertSame(type, CodecType.forId(kafka.id));
        assertSame(type, CodecType.forName(kafka.name));
        assertEquals(kafka.name, type.toString());
        if (type.hasLevels()) {
            assertEquals(kafka.minLevel(), type.minLevel());
            assertEquals(kafka.maxLevel(), type.maxLevel());
            assertEquals(kafka.defaultLevel(), type.defaultLevel());
        } else {
            assertThrows(UnsupportedOperationException.class, kafka::minLevel);
            assertThrows(UnsupportedOperationException.class, type::minLevel);
            assertThrows(UnsupportedOperationException.class, type::maxLevel);
            assertThrows(UnsupportedOperationException.class, type::defaultLevel);
        }
    }

    @Test
    void shouldKnowAsManyTypesAsKafka() {
        assertEquals(CompressionType.values().length, CodecType.values().length);
    }

    @Test
    void shouldSayWhatThereIsWhenAskedForAnother() {
        assertMessage("5", "0 to 4", () -> CodecType.forId(5));
        assertMessage("-1", "0 to 4", () -> CodecType.forId(-1));
        assertMessage("brotli", "none, gzip, snappy, lz4, zstd", () -> CodecType.forName("brotli"));
        assertMessage("LZ4", "none, gzip, snappy, lz4, zstd", () -> CodecType.forName("LZ4"));
    }

    @Test
    void shouldSayTheRangeWhenALevelIsOutside() {
        assertMessage("level 10", "1 to 9, or -1", () -> Codecs.of(CodecType.GZIP, 10));
        assertMessage("level 0", "1 to 9, or -1", () -> Codecs.of(CodecType.GZIP, 0));
        assertMessage("level -2", "1 to 9, or -1", () -> Codecs.of(CodecType.GZIP, -2));
        assertMessage("level 0", "1 to 17", () -> Codecs.of(CodecType.LZ4, 0));
        assertMessage("level 18", "1 to 17", () -> Codecs.of(CodecType.LZ4, 18));
        assertMessage("level 23", "-131072 to 22", () -> Codecs.of(CodecType.ZSTD, 23));
        assertMessage("level -131073", "-131072 to 22", () -> Codecs.of(CodecType.ZSTD, -131073));
        assertMessage("level 1", "no levels", () -> Codecs.of(CodecType.SNAPPY, 1));
        assertMessage("level 1", "no levels", () -> Codecs.of(CodecType.NONE, 1));
    }

    @Test
    void shouldShareOneCodecPerTypeAndLevel() {
        assertSame(Codecs.of(CodecType.ZSTD), Codecs.of(CodecType.ZSTD, 3));
        assertSame(Codecs.of(CodecType.NONE), Codecs.of(CodecType.NONE));
        assertNotSame(Codecs.of(CodecType.ZSTD, 4), Codecs.of(CodecType.ZSTD, 3));
        assertEquals("zstd level 4", Codecs.of(CodecType.ZSTD, 4).toString());
        assertEquals("snappy", Codecs.of(CodecType.SNAPPY).toString());
    }

    private static void assertMessage(String found, String range, Runnable ask) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, ask::run);
        assertTrue(e.getMessage().contains(found) && e.getMessage().contains(range), e::getMessage);
    }
}
