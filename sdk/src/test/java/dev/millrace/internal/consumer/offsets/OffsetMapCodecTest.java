package dev.millrace.internal.consumer.offsets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.offsets.OffsetMapCodec.Outcome;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class OffsetMapCodecTest {

    private static final Uuid TOPIC = new Uuid(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
    private static final int MAX = OffsetMapCodec.DEFAULT_MAX_BYTES;
    private static final long BASE = 1000;
    private static final DoneOffsets DONE = DoneOffsets.of(1001, 1003, 1010, 1500);

    private static OffsetMapCodec.Decoded decode(String metadata) {
        return OffsetMapCodec.decode(metadata, TOPIC, BASE);
    }

    private static void assertNothing(Outcome outcome, OffsetMapCodec.Decoded decoded) {
        assertEquals(outcome, decoded.outcome());
        assertSame(DoneOffsets.EMPTY, decoded.done());
    }

    private static void assertRoundTrip(DoneOffsets done, long base) {
        String metadata = OffsetMapCodec.encode(done, TOPIC, base, MAX);
        assertTrue(metadata.length() <= MAX);
        assertEquals(new OffsetMapCodec.Decoded(Outcome.OK, done), OffsetMapCodec.decode(metadata, TOPIC, base), metadata);
    }

    /** Offsets of the ranges. */
    private static long count(DoneOffsets done) {
        long sum = 0;
        for (int range = 0; range < done.rangeCount(); range++) {
            sum += done.end(range) - done.start(range);
        }
        return sum;
    }

    /** With a right checksum, whatever is in it. */
    private static String sealed(byte[] head, int... ranges) {
        ByteBuffer content = ByteBuffer.allocate(head.length + ranges.length + 4).put(head);
        Arrays.stream(ranges).forEach(value -> content.put((byte) value));
        CRC32C crc = new CRC32C();
        crc.update(content.array(), 0, content.position());
        content.putInt((int) crc.getValue());
        return OffsetMapCodec.PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(content.array());
    }

    private static byte[] head(int version, long base) {
        return ByteBuffer.allocate(OffsetMapCodec.RANGES_OFFSET).put((byte) version).putLong(TOPIC.getMostSignificantBits())
                .putLong(TOPIC.getLeastSignificantBits()).putLong(base).array();
    }

    private static String withRanges(int... ranges) {
        return sealed(head(1, BASE), ranges);
    }

    /** What is written down in offsets topics must be read by every later version. */
    @Test
    void shouldKeepTheFormatOfVersion1() {
        // One run: one offset between base and range, two offsets; then nine between, and so on.
        assertEquals(withRanges(2, 1, 1, 6, 0xe9, 3), OffsetMapCodec.encode(DONE, TOPIC, BASE, MAX));
        assertEquals("millrace-done:AQECAwQFBgcICQoLDA0ODxAAAAAAAAAD6AIBAQbpA4hHlKQ", OffsetMapCodec.encode(DONE, TOPIC, BASE, MAX));
        assertEquals(new OffsetMapCodec.Decoded(Outcome.OK, DONE),
                decode("millrace-done:AQECAwQFBgcICQoLDA0ODxAAAAAAAAAD6AIBAQbpA4hHlKQ"));
        // Bits only, from 1001 on: 1001, 1003 to 1005, 1009.
        DoneOffsets speckled = DoneOffsets.of(1001, 1002, 1003, 1006, 1009, 1010);
        assertEquals(withRanges(0, 1, 0b00011101, 1), OffsetMapCodec.encode(speckled, TOPIC, BASE, MAX));
        // A run of 1000 offsets, then bits from 2004 on.
        DoneOffsets both = DoneOffsets.of(1000, 2000, 2004, 2005, 2006, 2007, 2008, 2009);
        assertEquals(withRanges(1, 0, 0xe7, 7, 3, 0b00010101), OffsetMapCodec.encode(both, TOPIC, BASE, MAX));
    }

    static Stream<Arguments> maps() {
        DoneOffsets.Builder everySecond = DoneOffsets.builder(5000);
        for (int i = 0; i < 5000; i++) {
            everySecond.add(BASE + 2 * i, BASE + 2 * i + 1);
        }
        long last = Long.MAX_VALUE;
        return Stream.of(
                Arguments.of(DONE, BASE),
                Arguments.of(DoneOffsets.of(1000, 1001), BASE),
                Arguments.of(DoneOffsets.of(1128, 1129), BASE),
                Arguments.of(DoneOffsets.of(0, 128, 129, 257), 0L),
                Arguments.of(DoneOffsets.of(0, last), 0L),
                Arguments.of(DoneOffsets.of(last - 1, last), 0L),
                Arguments.of(DoneOffsets.of(last - 9, last - 8, last - 7, last - 6, last - 5, last - 4, last - 3, last), last - 10),
                Arguments.of(DoneOffsets.of(1001, 1002, last - 1, last), BASE),
                Arguments.of(everySecond.build(), BASE));
    }

    @ParameterizedTest
    @MethodSource("maps")
    void shouldReadWhatItWrote(DoneOffsets done, long base) {
        assertRoundTrip(done, base);
    }

    @Test
    void shouldLeaveOutWhatLiesBelowTheBase() {
        String metadata = OffsetMapCodec.encode(DoneOffsets.of(3, 5, 990, 1002, 1005, 1006), TOPIC, BASE, MAX);
        assertEquals(DoneOffsets.of(1000, 1002, 1005, 1006), decode(metadata).done());
        metadata = OffsetMapCodec.encode(DoneOffsets.of(3, 5, 990, 1000, 1005, 1006), TOPIC, BASE, MAX);
        assertEquals(DoneOffsets.of(1005, 1006), decode(metadata).done());
        assertEquals("", OffsetMapCodec.encode(DoneOffsets.of(3, 5, 990, 1000), TOPIC, BASE, MAX));
    }

    @Test
    void shouldWriteNothingWithoutAnythingToRemember() {
        assertEquals("", OffsetMapCodec.encode(DoneOffsets.EMPTY, TOPIC, BASE, MAX));
        assertEquals("", OffsetMapCodec.encode(DONE, Uuid.ZERO_UUID, BASE, MAX), "topic's id not known");
        assertThrows(IllegalArgumentException.class, () -> OffsetMapCodec.encode(DONE, TOPIC, -1, MAX));
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 10, 14, 40, 54, 55, 56})
    void shouldWriteNothingWithoutRoom(int maxBytes) {
        assertEquals("", OffsetMapCodec.encode(DONE, TOPIC, BASE, maxBytes));
        assertTrue(OffsetMapCodec.maxRanges(maxBytes) <= 8);
    }

    @Test
    void shouldForgetFromTheFarEnd() {
        long before = 0;
        for (int maxBytes = 56; maxBytes <= 64; maxBytes++) {
            String metadata = OffsetMapCodec.encode(DONE, TOPIC, BASE, maxBytes);
            assertTrue(metadata.length() <= maxBytes, metadata);
            DoneOffsets done = decode(metadata).done();
            assertTrue(count(done) >= before, "less with more room: " + done);
            before = count(done);
            if (!done.isEmpty()) {
                assertEquals(1001, done.start(0));
                assertEquals(1003, done.end(0));
            }
        }
        assertEquals(count(DONE), before);
    }

    @Test
    void shouldNotPassWhatABrokerTakesByDefault() {
        Random random = new Random(7);
        DoneOffsets.Builder builder = DoneOffsets.builder(Integer.MAX_VALUE);
        for (long offset = BASE; builder.build().rangeCount() < 3; offset++) {
            builder.add(offset, offset + 1);
            offset += 1 + random.nextInt(3);
        }
        long offset = builder.build().end(2) + 1;
        for (int i = 0; i < 20_000; i++) {
            builder.add(offset, offset + 1 + random.nextInt(40));
            offset += 42 + random.nextInt(40);
        }
        String metadata = OffsetMapCodec.encode(builder.build(), TOPIC, BASE, MAX);
        assertTrue(metadata.length() <= MAX && metadata.length() > MAX - 4, "length " + metadata.length());
        assertEquals(Outcome.OK, decode(metadata).outcome());
        String longest = OffsetMapCodec.encode(builder.build(), TOPIC, BASE, Integer.MAX_VALUE);
        assertTrue(longest.length() <= OffsetMapCodec.LONGEST && longest.length() > OffsetMapCodec.LONGEST - 4);
        assertEquals(Outcome.OK, decode(longest).outcome());
    }

    @Test
    void shouldNotNeedMoreRangesThanItSays() {
        int maxRanges = OffsetMapCodec.maxRanges(MAX);
        DoneOffsets.Builder all = DoneOffsets.builder(Integer.MAX_VALUE);
        DoneOffsets.Builder limited = DoneOffsets.builder(maxRanges);
        for (long offset = BASE; offset < BASE + 4L * maxRanges; offset += 2) {
            all.add(offset, offset + 1);
            limited.add(offset, offset + 1);
        }
        assertEquals(OffsetMapCodec.encode(all.build(), TOPIC, BASE, MAX), OffsetMapCodec.encode(limited.build(), TOPIC, BASE, MAX));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " ", "\t\n"})
    void shouldTakeNoMetadataForNone(String metadata) {
        assertNothing(Outcome.EMPTY, decode(metadata));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "millrace", "Millrace-done:AAAA", " millrace-done:AAAA", "bZVOEAAAAA==", "{\"instance\":7}",
            "\ud83d\ude00"})
    void shouldTellWhatIsForeign(String metadata) {
        assertNothing(Outcome.FOREIGN, decode(metadata));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "AA", "AAAA", "AAAAAA", "AAAAAAA", "!", "AA==", "AAAA\n", "\ud83d\ude00", "\u0141AAA"})
    void shouldTellWhatIsDamaged(String content) {
        assertNothing(Outcome.CORRUPT, decode(OffsetMapCodec.PREFIX + content));
    }

    @Test
    void shouldTellWhatIsDamagedAtItsEnd() {
        String metadata = OffsetMapCodec.encode(DONE, TOPIC, BASE, MAX);
        assertNothing(Outcome.CORRUPT, decode(metadata + "A"));
        assertNothing(Outcome.CORRUPT, decode(metadata + "AAAA"));
        assertNothing(Outcome.CORRUPT, decode(metadata + "="));
        assertNothing(Outcome.CORRUPT, decode(metadata + " "));
        assertNothing(Outcome.CORRUPT, decode(metadata + metadata));
        // 35 bytes: the last digit holds four bits, and two that are not used.
        char last = metadata.charAt(metadata.length() - 1);
        assertNothing(Outcome.CORRUPT, decode(metadata.substring(0, metadata.length() - 1) + (char) (last + 1)));
    }

    @Test
    void shouldNotEvenReadWhatIsAbsurdlyLong() {
        assertNothing(Outcome.CORRUPT, decode(OffsetMapCodec.PREFIX + "A".repeat(OffsetMapCodec.LONGEST)));
    }

    @Test
    void shouldTellOtherVersionsTopicsAndOffsets() {
        String metadata = OffsetMapCodec.encode(DONE, TOPIC, BASE, MAX);
        assertNothing(Outcome.OTHER_BASE, OffsetMapCodec.decode(metadata, TOPIC, BASE + 1));
        assertNothing(Outcome.OTHER_BASE, OffsetMapCodec.decode(metadata, TOPIC, BASE - 1));
        assertNothing(Outcome.OTHER_TOPIC, OffsetMapCodec.decode(metadata, new Uuid(1, 2), BASE));
        assertNothing(Outcome.OTHER_TOPIC, OffsetMapCodec.decode(metadata, Uuid.ZERO_UUID, BASE));
        assertNothing(Outcome.OTHER_TOPIC, OffsetMapCodec.decode(metadata, new Uuid(3, 4), BASE + 1));
        byte[] unknown = ByteBuffer.allocate(25).put((byte) 1).putLong(17, BASE).array();
        assertNothing(Outcome.OTHER_TOPIC, OffsetMapCodec.decode(sealed(unknown, 1, 0, 0), Uuid.ZERO_UUID, BASE));
        assertNothing(Outcome.UNKNOWN_VERSION, decode(sealed(head(2, BASE), 1, 0, 0)));
        assertNothing(Outcome.UNKNOWN_VERSION, decode(sealed(new byte[] {0})));
        assertNothing(Outcome.UNKNOWN_VERSION, decode(sealed(new byte[] {-1}, 1, 2, 3)));
    }

    /** Ranges that nobody writes, with a right checksum. */
    static Stream<int[]> wrongRanges() {
        int[] largest = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
        return Stream.of(
                new int[] {}, // none at all
                new int[] {0}, // neither runs nor bits
                new int[] {0x80}, // a varint that does not end
                new int[] {0x81, 0, 0, 0}, // a varint longer than needed
                new int[] {1}, // more runs than can be
                new int[] {1, 0}, // a run without its length
                new int[] {2, 0, 0, 0}, // a run missing
                with(largest, 0, 0), // as many runs as there are numbers
                with(new int[] {1, 0x80}, 0x80), // a gap that does not end
                with(new int[] {1, 0}, 0x80, 0x80), // a length that does not end
                with(with(new int[] {1}, largest), 0), // a gap beyond all offsets
                with(new int[] {1, 0}, largest), // a length beyond all offsets
                with(with(new int[] {1}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), 0), // more than 63 bits
                new int[] {0, 0}, // bits missing
                new int[] {0, 0, 0}, // no bit set
                new int[] {0, 0, 2}, // first bit not set
                new int[] {0, 0, 1, 0}, // nothing in the last byte
                with(with(new int[] {0}, largest), 1), // bits beyond all offsets
                with(new int[] {0, 0x97, 0xf8}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x80 | 1), // the same, just so
                new int[] {1, 0, 0, 0x80}); // bits whose gap does not end
    }

    private static int[] with(int[] first, int... more) {
        int[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    @ParameterizedTest
    @MethodSource("wrongRanges")
    void shouldTellRangesNobodyWrites(int[] ranges) {
        assertNothing(Outcome.CORRUPT, decode(withRanges(ranges)));
    }

    @Test
    void shouldTellRangesBeyondAllOffsetsFromNegativeOnes() {
        assertNothing(Outcome.CORRUPT, OffsetMapCodec.decode(sealed(head(1, -5), 1, 0, 0), TOPIC, -5));
        assertNothing(Outcome.CORRUPT, OffsetMapCodec.decode(sealed(head(1, -5), 0, 7, 1), TOPIC, -5));
        long last = Long.MAX_VALUE - 1;
        assertEquals(DoneOffsets.of(last, last + 1), OffsetMapCodec.decode(sealed(head(1, last), 1, 0, 0), TOPIC, last).done());
        assertNothing(Outcome.CORRUPT, OffsetMapCodec.decode(sealed(head(1, last), 1, 0, 1), TOPIC, last));
        assertNothing(Outcome.CORRUPT, OffsetMapCodec.decode(sealed(head(1, last), 2, 0, 0, 0, 0), TOPIC, last));
        assertNothing(Outcome.CORRUPT, OffsetMapCodec.decode(sealed(head(1, last), 0, 0, 3), TOPIC, last));
        assertNothing(Outcome.CORRUPT, OffsetMapCodec.decode(sealed(head(1, last), 1, 0, 0, 0, 1), TOPIC, last));
    }

    /** The cases the format was chosen by. */
    @Test
    void shouldRememberWellWhatHappens() {
        Random random = new Random(20270101);
        assertLength(90, "few long ranges", DoneOffsets.of(1001, 1_001, 2_000, 40_000, 40_010, 90_000, 90_100, 1_000_000));
        assertLength(66, "one stuck, a million done behind", DoneOffsets.of(1001, 1_001_001));
        DoneOffsets.Builder half = DoneOffsets.builder(Integer.MAX_VALUE);
        addHalf(half, random, 1001, 10_000);
        assertLength(1740, "half of 10,000", half.build());
        DoneOffsets.Builder both = DoneOffsets.builder(Integer.MAX_VALUE);
        both.add(1001, 1_001_001);
        addHalf(both, random, 1_001_001, 10_000);
        assertLength(1740, "one stuck, a million done behind, half of 10,000 behind those", both.build());
    }

    private static void addHalf(DoneOffsets.Builder done, Random random, long from, int offsets) {
        for (long offset = from; offset < from + offsets; offset++) {
            if (random.nextBoolean()) {
                done.add(offset, offset + 1);
            }
        }
    }

    private static void assertLength(int most, String what, DoneOffsets done) {
        String metadata = OffsetMapCodec.encode(done, TOPIC, BASE, MAX);
        System.out.println(what + ": " + metadata.length() + " bytes for " + done.rangeCount() + " ranges");
        assertEquals(done, decode(metadata).done());
        assertTrue(metadata.length() <= most, () -> what + ": " + metadata.length());
        assertNotEquals("", metadata);
    }
}
