package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the tables for large batches cost in size, beside zstd's own choice at the same level. */
class ZstdSizeTest {

    @ParameterizedTest
    @ValueSource(ints = {129 * 1024, 240 * 1024, 512 * 1024})
    void shouldMakeJsonNoLarger(int length) {
        assertRatio(TestData.JSON.bytes(length, new Random(11)), 1.0);
    }

    /** Programs are what was found to lose most. */
    @ParameterizedTest
    @ValueSource(ints = {129 * 1024, 240 * 1024, 512 * 1024})
    void shouldMakeOtherDataLittleLarger(int length) throws IOException {
        assertRatio(classFiles(length), 1.04);
    }

    private static void assertRatio(byte[] data, double most) {
        Codec codec = Codecs.of(CodecType.ZSTD);
        byte[] dst = new byte[codec.maxCompressedLength(data.length)];
        int size = codec.compress(data, 0, data.length, dst, 0);
        int zstds = Zstd.compress(data, CodecType.ZSTD.defaultLevel()).length;
        assertTrue(size <= zstds * most, data.length + " bytes become " + size + ", with zstd's own tables " + zstds);
    }

    private static byte[] classFiles(int length) throws IOException {
        Path folder = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules/java.base/java/util");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<Path> files;
        try (Stream<Path> found = Files.list(folder)) {
            files = found.filter(file -> file.toString().endsWith(".class")).sorted().toList();
        }
        for (Path file : files) {
            if (bytes.size() < length) {
                bytes.writeBytes(read(file));
            }
        }
        return Arrays.copyOf(bytes.toByteArray(), length);
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
