package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.UsageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.DeflaterOutputStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordDataTest {
    @TempDir
    Path folder;

    private static Load load(Optional<Path> file, String delimiter, int size, int keys) {
        return new Load(1, 0, size, file, delimiter, -1, 1, keys, 42);
    }

    private static List<String> values(RecordData data) {
        return Arrays.stream(data.values()).map(value -> new String(value, StandardCharsets.UTF_8)).toList();
    }

    private RecordData fromFile(String content, String delimiter) throws IOException {
        Path file = Files.writeString(folder.resolve("payload"), content);
        return RecordData.of(load(Optional.of(file), delimiter, 100, 0));
    }

    @Test
    void shouldTakeTheValuesOfAFileInTurn() throws IOException {
        assertEquals(List.of("a", "bé", "c d"), values(fromFile("a\nbé\n\nc d\n", "\n")));
        assertEquals(List.of("a\nb", "c"), values(fromFile("a\nb||c", "||")));
        assertEquals(List.of("one"), values(fromFile("one", "\n")));
    }

    @Test
    void shouldSayWhichFileHoldsNothing() throws IOException {
        assertTrue(assertThrows(UsageException.class, () -> fromFile("\n\n", "\n")).getMessage().contains("payload"));
        Path missing = folder.resolve("missing");
        UsageException e = assertThrows(UsageException.class,
                () -> RecordData.of(load(Optional.of(missing), "\n", 100, 0)));
        assertTrue(e.getMessage().contains(missing.toString()), e.getMessage());
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThrows(UsageException.class, () -> RecordData.of(load(Optional.of(binary), "\n", 100, 0)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 10, 100, 1_000, 100_000})
    void shouldMakeValuesOfExactlyTheSizeAsked(int size) {
        for (byte[] value : RecordData.generated(size, 42)) {
            assertEquals(size, value.length);
        }
    }

    @Test
    void shouldMakeTheSameValuesForTheSameSeed() {
        byte[][] first = RecordData.generated(100, 42);
        byte[][] second = RecordData.generated(100, 42);
        assertArrayEquals(first[17], second[17]);
        assertTrue(Arrays.stream(first).map(Arrays::hashCode).distinct().count() > first.length * 0.99);
    }

    /** Neither zeros, which compress a hundredfold, nor noise, which does not compress: events as they are. */
    @Test
    void shouldCompressLikeJsonEvents() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(bytes)) {
            for (int i = 0; i < 600; i++) {
                deflater.write(RecordData.generated(100, 42)[i]);
            }
        }
        double ratio = 60_000.0 / bytes.size();
        assertTrue(ratio > 2 && ratio < 5, "compresses to a " + ratio + "th");
    }

    @Test
    void shouldDrawKeysEvenlyAndCountBytes() {
        RecordData data = RecordData.of(load(Optional.empty(), "\n", 100, 10));
        RecordSource source = new RecordSource("t", data, 7);
        Set<String> keys = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            ProducerRecord<byte[], byte[]> record = source.next();
            assertEquals("t", record.topic());
            keys.add(new String(record.key(), StandardCharsets.UTF_8));
        }
        assertEquals(10, keys.size());
        assertEquals(1_000 * (100 + "key-1".length()), source.bytes());
    }
}
