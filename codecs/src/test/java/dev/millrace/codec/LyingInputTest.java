package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A kibibyte that claims to expand to two gibibytes, by every field of every format that can make such a claim, read
 * with the largest bound there is.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LyingInputTest {
    private static final int CLAIM = Integer.MAX_VALUE - 100;
    private static final int SMALL = 6 << 20;

    private final byte[] plain = TestData.JSON.bytes(1000, new Random(7));

    @Test
    void shouldNotBelieveTheContentSizeOfAZstdFrame() {
        byte[] frame = Subject.of(CodecType.ZSTD).compress(TestData.RANDOM.bytes(1000, new Random(7)));
        // Descriptor E0: an 8-byte content size, single segment; the honest frame has 60 and two bytes.
        assertEquals(0x60, frame[4]);
        ByteBuffer lie = ByteBuffer.allocate(frame.length + 6).order(ByteOrder.LITTLE_ENDIAN);
        lie.put(frame, 0, 4).put((byte) 0xE0).putLong(CLAIM).put(frame, 7, frame.length - 7);
        assertFailsCheaply(CodecType.ZSTD, lie.array());
        lie.putLong(5, -1);
        assertFailsCheaply(CodecType.ZSTD, lie.array());
        lie.putLong(5, Long.MIN_VALUE);
        assertFailsCheaply(CodecType.ZSTD, lie.array());
    }

    @Test
    void shouldNotMakeTheWindowAZstdFrameAsksFor() {
        // Window descriptor A8: 2 GiB. One stored block of three bytes: the frame is honest, its window is not needed.
        byte[] frame = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, (byte) 0xA8, 3 << 3 | 1, 0, 0, 'a', 'b', 'c'};
        long allocated = Allocation.bytesOf(() -> readOrFail(CodecType.ZSTD, frame));
        assertTrue(allocated < SMALL, () -> "allocated " + allocated);
    }

    @Test
    void shouldExpandRunsOfAZstdFrameOnlyToTheBound() {
        // 250 blocks of four bytes, each 128 KiB of 'm': 32 MiB are truly in there.
        ByteBuffer frame = ByteBuffer.allocate(6 + 250 * 4).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(ZstdFormat.MAGIC).put((byte) 0).put((byte) 0x58);
        for (int i = 0; i < 250; i++) {
            int header = ZstdFormat.MAX_BLOCK_BYTES << 3 | 1 << 1 | (i == 249 ? 1 : 0);
            frame.put((byte) header).put((byte) (header >> 8)).put((byte) (header >> 16)).put((byte) 'm');
        }
        Codec codec = Codecs.of(CodecType.ZSTD);
        assertEquals(250 * ZstdFormat.MAX_BLOCK_BYTES,
                codec.decompress(frame.array(), 0, frame.capacity(), Integer.MAX_VALUE).length);
        long allocated = Allocation.bytesOf(() -> assertThrows(CodecException.class,
                () -> codec.decompress(frame.array(), 0, frame.capacity(), 1 << 20)));
        assertTrue(allocated < (1 << 20) + SMALL, () -> "allocated " + allocated);
    }

    @Test
    void shouldNotBelieveTheLengthAtTheEndOfGzip() {
        byte[] lie = Subject.of(CodecType.GZIP).compress(plain);
        LittleEndian.putInt(lie, lie.length - 4, CLAIM);
        assertFailsCheaply(CodecType.GZIP, lie);
        LittleEndian.putInt(lie, lie.length - 4, -1);
        assertFailsCheaply(CodecType.GZIP, lie);
    }

    @Test
    void shouldNotBelieveTheLengthOfASnappyBlock() {
        byte[] raw = new byte[1024];
        // A varint of 2,147,483,547, then literals.
        byte[] varint = {(byte) 0x9B, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x07};
        System.arraycopy(varint, 0, raw, 0, varint.length);
        assertFailsCheaply(CodecType.SNAPPY, raw);

        byte[] framed = new byte[SnappyFormat.HEADER_BYTES + 4 + raw.length];
        SnappyFormat.putHeader(framed, 0);
        SnappyFormat.putInt(framed, SnappyFormat.HEADER_BYTES, raw.length);
        System.arraycopy(raw, 0, framed, SnappyFormat.HEADER_BYTES + 4, raw.length);
        assertFailsCheaply(CodecType.SNAPPY, framed);

        SnappyFormat.putInt(framed, SnappyFormat.HEADER_BYTES, CLAIM);
        assertFailsCheaply(CodecType.SNAPPY, framed);
        SnappyFormat.putInt(framed, SnappyFormat.HEADER_BYTES, -5);
        assertFailsCheaply(CodecType.SNAPPY, framed);
    }

    @Test
    void shouldNotBelieveTheSizesInAnLz4Frame() {
        byte[] frame = Subject.of(CodecType.LZ4).compress(plain);
        byte[] hugeBlock = frame.clone();
        LittleEndian.putInt(hugeBlock, Lz4Format.HEADER_BYTES, CLAIM);
        assertFailsCheaply(CodecType.LZ4, hugeBlock);

        // A content size of 2 GiB is not read at all, as in Kafka; blocks of up to 4 MiB cost what is in them.
        ByteBuffer claims = ByteBuffer.allocate(frame.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        claims.putInt(Lz4Format.MAGIC).put((byte) 0x68).put((byte) 0x70).putLong(CLAIM);
        claims.put(Lz4Format.descriptorChecksum(XXHashFactory.fastestInstance().hash32(), claims.array(), 4, 10));
        claims.put(frame, Lz4Format.HEADER_BYTES, frame.length - Lz4Format.HEADER_BYTES);
        long allocated = Allocation.bytesOf(() -> assertArrayEquals(plain, readOrFail(CodecType.LZ4, claims.array())));
        assertTrue(allocated < SMALL, () -> "allocated " + allocated);
    }

    @Test
    void shouldStopGzipMembersInARowAtTheBound() {
        byte[] member = Subject.of(CodecType.GZIP).compress(TestData.CONSTANT.bytes(1 << 20, new Random(7)));
        ByteArrayOutputStream row = new ByteArrayOutputStream();
        for (int i = 0; i < 100; i++) {
            row.writeBytes(member);
        }
        byte[] bomb = row.toByteArray();
        long allocated = Allocation.bytesOf(() -> assertThrows(CodecException.class,
                () -> Codecs.of(CodecType.GZIP).decompress(bomb, 0, bomb.length, 3 << 20)));
        assertTrue(allocated < (3 << 20) + SMALL, () -> "allocated " + allocated);
    }

    private static void assertFailsCheaply(CodecType type, byte[] lie) {
        for (int length : new int[] {lie.length, Math.min(lie.length, 1024)}) {
            byte[] cut = Arrays.copyOf(lie, length);
            long allocated = Allocation.bytesOf(() ->
                    assertThrows(CodecException.class, () -> readOrFail(type, cut)));
            assertTrue(allocated < SMALL, () -> type + " allocated " + allocated + " bytes");
        }
    }

    private static byte[] readOrFail(CodecType type, byte[] bytes) {
        return Codecs.of(type).decompress(bytes, 0, bytes.length, Integer.MAX_VALUE);
    }
}
