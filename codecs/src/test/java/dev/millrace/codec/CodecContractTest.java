package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every codec does with good input, held against kafka-clients' own streams. */
class CodecContractTest {
    private static final long SEED = Long.getLong("millrace.seed", 20261121L);
    private static final String SUBJECTS = "dev.millrace.codec.Subject#all";
    private static final String TYPES = "dev.millrace.codec.Subject#types";
    /** Around the block sizes of snappy (32 KiB), LZ4 (64 KiB) and zstd (128 KiB). */
    private static final int[] SIZES = {0, 1, 2, 3, 7, 15, 16, 17, 100, 1000, 16_383, 32_767, 32_768, 32_769,
        65_535, 65_536, 65_537, 98_304, 131_071, 131_072, 131_073, 1_000_000};
    private static final int LARGE = 8 << 20;
    private static final byte UNTOUCHED = 0x5A;

    private final Random random = new Random(SEED);

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldBeReadByKafka(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : SIZES) {
                kafkaReadsOurs(subject, data, size);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldReadWhatKafkaWrote(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : SIZES) {
                weReadKafkas(subject, data, size);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(TYPES)
    void shouldAgreeWithKafkaOnLargeBatches(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : new int[] {(1 << 20) - 1, (1 << 20) + 1, LARGE - 1, LARGE}) {
                kafkaReadsOurs(subject, data, size);
                weReadKafkas(subject, data, size);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldReadItsOwn(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : SIZES) {
                byte[] plain = data.bytes(size, random);
                assertArrayEquals(plain, subject.decompress(subject.compress(plain), size),
                        () -> what(subject, data, size));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldKeepToItsRangesWhenOffsetsAreGiven(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : new int[] {0, 1, 1000, 65_537, 200_000}) {
                keepsToItsRanges(subject, data, size);
            }
        }
    }

    private void keepsToItsRanges(Subject subject, TestData data, int size) {
        int before = 1 + random.nextInt(100);
        int behind = 1 + random.nextInt(100);
        byte[] surrounded = data.bytes(before + size + behind, random);
        byte[] plain = Arrays.copyOfRange(surrounded, before, before + size);
        byte[] dst = filled(before + subject.codec().maxCompressedLength(size));
        int length = subject.codec().compress(surrounded, before, size, dst, before);
        assertUntouched(dst, before);
        byte[] exact = Arrays.copyOfRange(dst, before, before + length);
        assertArrayEquals(subject.compress(plain), exact, () -> what(subject, data, size));

        byte[] within = filled(before + length + behind);
        System.arraycopy(exact, 0, within, before, length);
        assertArrayEquals(plain, subject.codec().decompress(within, before, length, size),
                () -> what(subject, data, size));
        byte[] into = filled(before + size + behind);
        assertEquals(size, subject.codec().decompress(within, before, length, into, before),
                () -> what(subject, data, size));
        assertUntouched(into, before);
        assertArrayEquals(plain, Arrays.copyOfRange(into, before, before + size), () -> what(subject, data, size));
    }

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldThrowOrSucceedWhenTheDestinationIsSmall(Subject subject) {
        for (TestData data : TestData.values()) {
            byte[] plain = data.bytes(100_000, random);
            byte[] compressed = subject.compress(plain);
            for (int i = 0; i < 200; i++) {
                int size = i < 20 ? i : i < 40 ? compressed.length - 20 + i - 20 : random.nextInt(compressed.length);
                byte[] small = new byte[Math.max(0, size)];
                CodecException e = assertThrows(CodecException.class,
                        () -> subject.codec().compress(plain, 0, plain.length, small, 0),
                        () -> what(subject, data, size));
                assertTrue(e.getMessage().contains(small.length + " "), e::getMessage);
            }
            for (int size = compressed.length; size < subject.codec().maxCompressedLength(plain.length); size += 97) {
                byte[] tight = new byte[size];
                try {
                    int length = subject.codec().compress(plain, 0, plain.length, tight, 0);
                    assertArrayEquals(plain, subject.codec().decompress(tight, 0, length, plain.length));
                } catch (CodecException expected) {
                    assertSame(CodecType.ZSTD, subject.type(), "only zstd may want more room than it fills in the end");
                }
            }
            assertArrayEquals(compressed, subject.compress(plain), "failures must not show in what comes after them");
        }
    }

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldRefuseOutputLargerThanAllowed(Subject subject) {
        for (TestData data : TestData.values()) {
            for (int size : new int[] {1, 1000, 65_536, 65_537, 1_000_000}) {
                byte[] plain = data.bytes(size, random);
                for (byte[] compressed : new byte[][] {
                    subject.compress(plain), KafkaCompression.compress(subject.kafka(), plain)}) {
                    for (int less : new int[] {1, Math.min(size, 20), size / 2 + 1, size}) {
                        int most = size - less;
                        CodecException e = assertThrows(CodecException.class,
                                () -> subject.decompress(compressed, most), () -> what(subject, data, size));
                        assertTrue(e.getMessage().contains(most + " "), e::getMessage);
                        assertThrows(CodecException.class,
                                () -> subject.codec().decompress(compressed, 0, compressed.length, new byte[most], 0));
                    }
                    assertArrayEquals(plain, subject.decompress(compressed, size));
                    assertArrayEquals(plain, subject.decompress(compressed, Integer.MAX_VALUE));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldCheckItsArguments(Subject subject) {
        Codec codec = subject.codec();
        byte[] ten = new byte[10];
        assertThrows(IndexOutOfBoundsException.class, () -> codec.compress(ten, 5, 6, new byte[100], 0));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.compress(ten, -1, 2, new byte[100], 0));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.compress(ten, 0, -1, new byte[100], 0));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.compress(ten, 0, 10, new byte[100], 101));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.compress(ten, 0, 10, new byte[100], -1));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.decompress(ten, 5, 6, 100));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.decompress(ten, 5, 6, new byte[100], 0));
        assertThrows(IndexOutOfBoundsException.class, () -> codec.decompress(ten, 0, 10, new byte[100], 101));
        assertThrows(IllegalArgumentException.class, () -> codec.decompress(ten, 0, 10, -1));
        assertThrows(IllegalArgumentException.class, () -> codec.maxCompressedLength(-1));
        if (subject.type() != CodecType.NONE) {
            assertThrows(IllegalArgumentException.class, () -> codec.maxCompressedLength(Integer.MAX_VALUE));
        }
    }

    /** The goal is ten times less than Kafka's streams; in truth it is nothing. */
    @ParameterizedTest
    @MethodSource(SUBJECTS)
    void shouldMakeNoGarbageWhenItCompresses(Subject subject) {
        byte[] plain = TestData.JSON.bytes(65_536, random);
        byte[] dst = new byte[subject.codec().maxCompressedLength(plain.length)];
        Runnable hundredBatches = () -> {
            for (int i = 0; i < 100; i++) {
                subject.codec().compress(plain, 0, plain.length, dst, 0);
            }
        };
        hundredBatches.run();
        long bytes = Allocation.bytesOf(hundredBatches);
        assertTrue(bytes < 100 * 1000, () -> subject + " allocated " + bytes + " bytes for 100 batches");
    }

    private void kafkaReadsOurs(Subject subject, TestData data, int size) {
        byte[] plain = data.bytes(size, random);
        byte[] compressed = subject.compress(plain);
        byte[] read = KafkaCompression.decompress(subject.kafka(), compressed, 0, compressed.length);
        assertArrayEquals(plain, read, () -> what(subject, data, size));
    }

    private void weReadKafkas(Subject subject, TestData data, int size) {
        byte[] plain = data.bytes(size, random);
        byte[] compressed = KafkaCompression.compress(subject.kafka(), plain);
        assertArrayEquals(plain, subject.decompress(compressed, size), () -> what(subject, data, size));
        byte[] into = new byte[size];
        assertEquals(size, subject.codec().decompress(compressed, 0, compressed.length, into, 0),
                () -> what(subject, data, size));
        assertArrayEquals(plain, into, () -> what(subject, data, size));
    }

    private static byte[] filled(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, UNTOUCHED);
        return bytes;
    }

    private static void assertUntouched(byte[] bytes, int before) {
        assertArrayEquals(filled(before), Arrays.copyOf(bytes, before), "bytes before the offset were written");
    }

    private static String what(Subject subject, TestData data, int size) {
        return subject + ", " + size + " bytes of " + data + ", -Dmillrace.seed=" + SEED;
    }
}
