package dev.millrace.internal.consumer.offsets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.offsets.OffsetMapCodec.Decoded;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec.Outcome;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Random;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random maps, whole, cut and damaged. */
@Timeout(120)
class OffsetMapCodecModelTest {

    private static final long SEED = 20270102;
    private static final int MAPS = 100_000;
    private static final int FORGERIES = 100_000;

    private final Random random = new Random(SEED);

    /** What was encoded, and how. */
    private record Case(DoneOffsets done, Uuid topicId, long base, int maxBytes) {
        String encode() {
            return OffsetMapCodec.encode(done, topicId, base, maxBytes);
        }

        Decoded decode(String metadata) {
            return OffsetMapCodec.decode(metadata, topicId, base);
        }
    }

    private Case randomCase() {
        int ranges = random.nextInt(100) == 0 ? random.nextInt(15_000) : random.nextInt(40);
        return randomCase(ranges, random.nextInt(3) == 0 ? random.nextInt(300) : OffsetMapCodec.DEFAULT_MAX_BYTES);
    }

    private Case randomCase(int ranges, int maxBytes) {
        long base = random.nextInt(10) == 0 ? Long.MAX_VALUE - random.nextInt(5000) : random.nextLong() >>> 1 + random.nextInt(62);
        // At times some of it lies below the base.
        long offset = random.nextInt(5) == 0 ? Math.max(0, base - random.nextInt(100)) : base;
        offset = add(offset, random.nextInt(2) * length());
        DoneOffsets.Builder done = DoneOffsets.builder(Integer.MAX_VALUE);
        for (int range = 0; range < ranges; range++) {
            long end = add(offset, 1 + length());
            done.add(offset, end);
            offset = add(end, 1 + length());
        }
        return new Case(done.build(), randomTopicId(), base, maxBytes);
    }

    private Uuid randomTopicId() {
        return new Uuid(random.nextLong(), random.nextLong());
    }

    private static long add(long offset, long more) {
        return more > Long.MAX_VALUE - offset ? Long.MAX_VALUE : offset + more;
    }

    /** Short ones and long ones side by side. */
    private long length() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(200);
            case 1 -> random.nextInt(20) == 0 ? random.nextLong() >>> 1 + random.nextInt(62) : 127 + random.nextInt(3);
            default -> random.nextInt(1 + random.nextInt(8));
        };
    }

    /** The ranges between two offsets. */
    private static DoneOffsets between(DoneOffsets done, long from, long to) {
        DoneOffsets.Builder cut = DoneOffsets.builder(Integer.MAX_VALUE);
        for (int range = 0; range < done.rangeCount(); range++) {
            long start = Math.max(done.start(range), from);
            long end = Math.min(done.end(range), to);
            if (start < end) {
                cut.add(start, end);
            }
        }
        return cut.build();
    }

    private static long count(DoneOffsets done) {
        long sum = 0;
        for (int range = 0; range < done.rangeCount(); range++) {
            sum += done.end(range) - done.start(range);
        }
        return sum;
    }

    private static int varintSize(long value) {
        int size = 1;
        for (long rest = value; rest > 127; rest >>= 7) {
            size++;
        }
        return size;
    }

    /** Offsets that would be remembered if there were only runs. */
    private static long rememberedAsRuns(DoneOffsets done, long base, int bytes) {
        long best = 0;
        long sum = 0;
        int used = 0;
        long last = base;
        for (int range = 0; range < done.rangeCount(); range++) {
            used += varintSize(done.start(range) - last - Math.min(range, 1));
            used += varintSize(done.end(range) - done.start(range) - 1);
            sum += done.end(range) - done.start(range);
            last = done.end(range);
            if (used + varintSize(range + 1) > bytes) {
                return best;
            }
            best = sum;
        }
        return best;
    }

    /** Offsets that would be remembered if there were only bits. */
    private static long rememberedAsBits(DoneOffsets done, long base, int bytes) {
        if (done.isEmpty()) {
            return 0;
        }
        int room = bytes - 1 - varintSize(done.start(0) - base);
        return room <= 0 ? 0 : count(between(done, base, add(done.start(0), 8L * room)));
    }

    /**
     * Found, when planted: bits behind runs written with the gap of the first range, the last byte of bits left out, a gap without
     * the one that is left away, room counted without the checksum, a search that looks only at runs or only at bits, ranges
     * below the base kept, a checksum that leaves out the version or is not looked at.
     */
    @Test
    void shouldReadAPrefixOfWhatItWrote() {
        System.out.println("seed " + SEED + ", maps " + MAPS);
        int whole = 0;
        int narrowed = 0;
        int nothing = 0;
        for (int i = 0; i < MAPS; i++) {
            Case map = randomCase();
            String metadata = map.encode();
            String context = "map " + i + ": " + map + " -> " + metadata;
            assertTrue(metadata.length() <= map.maxBytes(), context);
            DoneOffsets expected = between(map.done(), map.base(), Long.MAX_VALUE);
            int bytes = (map.maxBytes() - OffsetMapCodec.PREFIX.length()) * 3 / 4 - 29;
            Decoded decoded = map.decode(metadata);
            DoneOffsets done = decoded.done();
            assertEquals(metadata.isEmpty() ? Outcome.EMPTY : Outcome.OK, decoded.outcome(), context);
            assertEquals(done.isEmpty(), metadata.isEmpty(), context);
            assertTrue(count(done) >= rememberedAsRuns(expected, map.base(), bytes), context);
            assertTrue(count(done) >= rememberedAsBits(expected, map.base(), bytes), context);
            assertTrue(done.rangeCount() <= OffsetMapCodec.maxRanges(map.maxBytes()), context);
            if (!done.isEmpty()) {
                assertEquals(between(expected, map.base(), done.end(done.rangeCount() - 1)), done, context);
                assertDamageIsSeen(map, metadata);
            }
            whole += !expected.isEmpty() && done.equals(expected) ? 1 : 0;
            narrowed += !done.isEmpty() && !done.equals(expected) ? 1 : 0;
            nothing += done.isEmpty() ? 1 : 0;
        }
        System.out.println("whole " + whole + ", narrowed " + narrowed + ", nothing " + nothing);
        assertTrue(whole > 1000 && narrowed > 1000 && nothing > 1000, "the maps do not reach what they are for");
    }

    private void assertDamageIsSeen(Case map, String metadata) {
        assertNothing(map, metadata.substring(0, random.nextInt(metadata.length())));
        assertNothing(map, flip(metadata, random.nextInt(metadata.length()), random.nextInt(Character.SIZE)));
        int from = random.nextInt(metadata.length());
        assertNothing(map, metadata.substring(0, from) + metadata.substring(from + 1));
        long otherBase = map.base() ^ 1L << random.nextInt(Long.SIZE);
        assertEquals(Outcome.OTHER_BASE, OffsetMapCodec.decode(metadata, map.topicId(), otherBase).outcome());
        assertEquals(Outcome.OTHER_TOPIC, OffsetMapCodec.decode(metadata, randomTopicId(), map.base()).outcome());
    }

    private static String flip(String metadata, int at, int bit) {
        return metadata.substring(0, at) + (char) (metadata.charAt(at) ^ 1 << bit) + metadata.substring(at + 1);
    }

    private static void assertNothing(Case map, String metadata) {
        Decoded decoded = map.decode(metadata);
        assertNotEquals(Outcome.OK, decoded.outcome(), metadata);
        assertTrue(decoded.done().isEmpty(), metadata);
    }

    @Test
    void shouldSeeEveryFlippedBit() {
        System.out.println("seed " + SEED);
        for (int i = 0; i < 60; i++) {
            Case map;
            String metadata;
            // One that is full; and none that has nothing at or beyond its base.
            do {
                map = randomCase(i == 0 ? 15_000 : 1 + random.nextInt(60), OffsetMapCodec.DEFAULT_MAX_BYTES);
                metadata = map.encode();
            } while (metadata.length() < (i == 0 ? OffsetMapCodec.DEFAULT_MAX_BYTES - 4 : 1));
            for (int at = 0; at < metadata.length(); at++) {
                for (int bit = 0; bit < Character.SIZE; bit++) {
                    assertNothing(map, flip(metadata, at, bit));
                }
            }
            byte[] content = content(metadata);
            for (int bit = 0; bit < content.length * Byte.SIZE; bit++) {
                content[bit / 8] ^= (byte) (1 << bit % 8);
                assertEquals(Outcome.CORRUPT, map.decode(metadata(content)).outcome());
                content[bit / 8] ^= (byte) (1 << bit % 8);
            }
            for (int end = 0; end < metadata.length(); end++) {
                assertNothing(map, metadata.substring(0, end));
            }
        }
    }

    private static byte[] content(String metadata) {
        return Base64.getUrlDecoder().decode(metadata.substring(OffsetMapCodec.PREFIX.length()));
    }

    private static String metadata(byte[] content) {
        return OffsetMapCodec.PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(content);
    }

    /** What a checksum does not find, because it is right: nothing throws, and no offset below the base is said to be done. */
    @Test
    void shouldBearWhatIsWrongButSealed() {
        System.out.println("seed " + SEED + ", forgeries " + FORGERIES);
        int accepted = 0;
        for (int i = 0; i < FORGERIES; i++) {
            Case map = randomCase(1 + random.nextInt(10), OffsetMapCodec.DEFAULT_MAX_BYTES);
            byte[] content = ByteBuffer.allocate(OffsetMapCodec.RANGES_OFFSET + random.nextInt(24) + OffsetMapCodec.CRC_LENGTH)
                    .put((byte) 1).putLong(map.topicId().getMostSignificantBits()).putLong(map.topicId().getLeastSignificantBits())
                    .putLong(map.base()).array();
            for (int at = OffsetMapCodec.RANGES_OFFSET; at < content.length; at++) {
                content[at] = (byte) (random.nextBoolean() ? random.nextInt(4) : random.nextInt());
            }
            CRC32C crc = new CRC32C();
            crc.update(content, 0, content.length - OffsetMapCodec.CRC_LENGTH);
            ByteBuffer.wrap(content).putInt(content.length - OffsetMapCodec.CRC_LENGTH, (int) crc.getValue());
            Decoded decoded = map.decode(metadata(content));
            DoneOffsets done = decoded.done();
            assertEquals(done.isEmpty() ? Outcome.CORRUPT : Outcome.OK, decoded.outcome());
            if (!done.isEmpty()) {
                accepted++;
                assertTrue(done.start(0) >= map.base());
                assertEquals(done, map.decode(new Case(done, map.topicId(), map.base(), map.maxBytes()).encode()).done());
            }
        }
        System.out.println("accepted " + accepted);
        assertTrue(accepted > 1000 && accepted < FORGERIES - 1000, "accepted " + accepted);
    }
}
