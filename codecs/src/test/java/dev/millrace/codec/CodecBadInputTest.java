package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Input that is cut, flipped or made up ends in {@link CodecException} or in output no larger than allowed; nothing
 * else is thrown, nothing hangs, and the memory used stays within the bound.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CodecBadInputTest {
    private static final long SEED = Long.getLong("millrace.seed", 20261121L);
    private static final String TYPES = "dev.millrace.codec.Subject#types";
    private static final int MAX_LENGTH = 1 << 20;
    /** What a codec may hold on to, and exceptions. */
    private static final int CONSTANT = 6 << 20;

    private final Random random = new Random(SEED);

    @ParameterizedTest
    @MethodSource(TYPES)
    void shouldFailWhenTheInputIsCut(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : new int[] {1, 300, 70_000, 300_000}) {
                byte[] plain = data.bytes(size, random);
                shouldFailAtAnyCut(subject, plain, subject.compress(plain));
                shouldFailAtAnyCut(subject, plain, KafkaCompression.compress(subject.kafka(), plain));
            }
        }
    }

    private void shouldFailAtAnyCut(Subject subject, byte[] plain, byte[] compressed) {
        for (int i = 0; i < 400; i++) {
            int cut = i < 50 ? i : i < 100 ? compressed.length - (i - 49) : random.nextInt(compressed.length);
            if (cut < 0 || cut >= compressed.length) {
                continue;
            }
            byte[] read = readOrNull(subject, Arrays.copyOf(compressed, cut));
            if (read != null) {
                // Neither "none", nor snappy between two blocks, nor zstd between two frames can tell that more
                // should come.
                assertTrue(subject.type() == CodecType.NONE || subject.type() == CodecType.SNAPPY
                        || subject.type() == CodecType.ZSTD && cut == 0, () -> subject + " took " + cut + " of "
                        + compressed.length + " bytes for all, -Dmillrace.seed=" + SEED);
                assertArrayEquals(Arrays.copyOf(plain, read.length), read);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(TYPES)
    void shouldFailOrStayBoundedWhenBitsAreFlipped(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : new int[] {300, 70_000, 200_000}) {
                byte[] plain = data.bytes(size, random);
                byte[] compressed = random.nextBoolean()
                        ? subject.compress(plain) : KafkaCompression.compress(subject.kafka(), plain);
                for (int i = 0; i < 1500; i++) {
                    byte[] flipped = compressed.clone();
                    // Headers are small: hit them as often as the data.
                    int range = i % 2 == 0 ? Math.min(40, flipped.length) : flipped.length;
                    for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                        flipped[random.nextInt(range)] ^= (byte) (1 << random.nextInt(8));
                    }
                    byte[] read = readOrNull(subject, flipped);
                    if (read != null && subject.type() == CodecType.GZIP && i % 2 == 1) {
                        assertArrayEquals(plain, read, () -> "gzip's CRC must tell, -Dmillrace.seed=" + SEED);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(TYPES)
    void shouldFailOrStayBoundedWhenTheInputIsRandom(Subject subject) {
        byte[] start = subject.compress(TestData.JSON.bytes(1000, random));
        for (int i = 0; i < 5000; i++) {
            byte[] noise = TestData.RANDOM.bytes(random.nextInt(2000), random);
            if (i % 2 == 0) { // a true start takes the reader further
                System.arraycopy(start, 0, noise, 0, Math.min(noise.length, 4 + random.nextInt(30)));
            }
            readOrNull(subject, noise);
        }
    }

    @ParameterizedTest
    @MethodSource(TYPES)
    void shouldWorkAfterFailures(Subject subject) {
        byte[] plain = TestData.JSON.bytes(100_000, random);
        byte[] compressed = subject.compress(plain);
        for (int i = 0; i < 200; i++) {
            readOrNull(subject, Arrays.copyOf(compressed, random.nextInt(compressed.length)));
            assertArrayEquals(plain, subject.decompress(compressed, plain.length));
        }
    }

    @ParameterizedTest
    @MethodSource(TYPES)
    void shouldStopABombAtTheBound(Subject subject) {
        byte[] plain = TestData.CONSTANT.bytes(64 << 20, random);
        for (byte[] bomb : new byte[][] {
            subject.compress(plain), KafkaCompression.compress(subject.kafka(), plain)}) {
            long allocated = Allocation.bytesOf(() ->
                    assertThrows(CodecException.class, () -> subject.decompress(bomb, MAX_LENGTH)));
            assertTrue(allocated < MAX_LENGTH + CONSTANT,
                    () -> subject + " allocated " + allocated + " bytes where " + MAX_LENGTH + " were allowed");
        }
    }

    /** Null when a {@link CodecException} was thrown; any other outcome fails the test. */
    private static byte[] readOrNull(Subject subject, byte[] bad) {
        byte[][] read = new byte[1][];
        long allocated = Allocation.bytesOf(() -> {
            try {
                read[0] = subject.decompress(bad, MAX_LENGTH);
                assertTrue(read[0].length <= MAX_LENGTH, () -> subject + " gave " + read[0].length + " bytes");
            } catch (CodecException e) {
                assertSame(CodecException.class, e.getClass());
            }
        });
        assertTrue(allocated < 2 * MAX_LENGTH + CONSTANT, () -> subject + " allocated " + allocated + " bytes");
        return read[0];
    }
}
