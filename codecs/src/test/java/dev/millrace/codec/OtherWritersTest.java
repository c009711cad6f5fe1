package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG.Bits;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.Test;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyOutputStream;

/** Batches come from clients in other languages as well, which use more of the formats than Kafka's own does. */
class OtherWritersTest {
    private final byte[] plain = TestData.JSON.bytes(300_000, new Random(7));

    /** Where the format leaves no choice, ours are Kafka's bytes. (Gzip: the JDK's streams differ in a header byte.) */
    @Test
    void shouldWriteKafkasBytesInLz4AndSnappy() {
        for (CodecType type : new CodecType[] {CodecType.LZ4, CodecType.SNAPPY}) {
            Subject subject = Subject.of(type);
            for (TestData data : TestData.values()) {
                for (int size : new int[] {0, 1, 13, 32_768, 65_536, 65_537, 300_000}) {
                    byte[] some = data.bytes(size, new Random(size));
                    assertArrayEquals(KafkaCompression.compress(subject.kafka(), some), subject.compress(some),
                            () -> type + ", " + size + " bytes of " + data);
                }
            }
        }
    }

    /** Kafka's level 9 is the fast compressor; any other would be slower and smaller. */
    @Test
    void shouldCompressAsMuchAsKafkaAtEveryLevel() {
        for (CodecType type : new CodecType[] {CodecType.GZIP, CodecType.LZ4, CodecType.ZSTD}) {
            for (int level = 1; level <= Math.min(type.maxLevel(), 17); level++) {
                Subject subject = Subject.of(type, level);
                int kafka = KafkaCompression.compress(subject.kafka(), plain).length;
                int ours = subject.compress(plain).length;
                assertTrue(ours <= kafka * 1.02 + 32, () -> subject + ": " + ours + " bytes, Kafka " + kafka);
                assertTrue(ours >= kafka * 0.9, () -> subject + ": " + ours + " bytes, Kafka " + kafka);
            }
        }
    }

    @Test
    void shouldReadLz4FramesWithBlockChecksumsAndLargerBlocks() {
        for (BLOCKSIZE size : BLOCKSIZE.values()) {
            byte[] frame = lz4(size, Bits.BLOCK_INDEPENDENCE, Bits.BLOCK_CHECKSUM, Bits.CONTENT_CHECKSUM);
            assertReads(CodecType.LZ4, frame);
            byte[] corrupt = frame.clone();
            corrupt[500] ^= 1;
            assertThrows(CodecException.class, () -> read(CodecType.LZ4, corrupt));
        }
    }

    @Test
    void shouldReadLz4FramesWithAContentSize() {
        assertReads(CodecType.LZ4, lz4(BLOCKSIZE.SIZE_256KB, Bits.BLOCK_INDEPENDENCE, Bits.CONTENT_SIZE));
    }

    @Test
    void shouldIgnoreWhatFollowsAnLz4Frame() {
        byte[] frame = lz4(BLOCKSIZE.SIZE_64KB, Bits.BLOCK_INDEPENDENCE);
        assertReads(CodecType.LZ4, concat(frame, new byte[] {1, 2, 3}));
    }

    @Test
    void shouldRefuseLz4FramesKafkaRefuses() {
        byte[] frame = Subject.of(CodecType.LZ4).compress(plain);
        assertMessage("not an lz4 frame", changed(frame, 0, 5));
        assertMessage("flags", withDescriptor(frame, 0x40, 0x40));
        assertMessage("flags", withDescriptor(frame, 0x61, 0x40));
        assertMessage("flags", withDescriptor(frame, 0xA0, 0x40));
        assertMessage("block size", withDescriptor(frame, 0x60, 0x30));
        assertMessage("block size", withDescriptor(frame, 0x60, 0xC0));
        assertMessage("block size", withDescriptor(frame, 0x60, 0x41));
        assertMessage("descriptor's checksum", changed(frame, 6, 0));
    }

    @Test
    void shouldReadASnappyBlockWithoutFraming() throws IOException {
        assertReads(CodecType.SNAPPY, Snappy.compress(plain));
    }

    @Test
    void shouldReadSnappyFramingOfAnyBlockSizeAndSeveralInARow() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int half = plain.length / 2;
        try (SnappyOutputStream first = new SnappyOutputStream(out, 1024)) {
            first.write(plain, 0, half);
        }
        try (SnappyOutputStream second = new SnappyOutputStream(out, 1 << 20)) {
            second.write(plain, half, plain.length - half);
        }
        assertReads(CodecType.SNAPPY, out.toByteArray());
    }

    @Test
    void shouldReadZstdFramesInARowAndSkipSkippableOnes() {
        byte[] skippable = ByteBuffer.allocate(11).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(ZstdFormat.SKIPPABLE_MAGIC + 7).putInt(3).array();
        byte[] one = Zstd.compress(plain);
        byte[] streamed = KafkaCompression.compress(KafkaCompression.of(CodecType.ZSTD, 3), plain);
        byte[] row = concat(skippable, concat(one, concat(skippable, streamed)));
        assertArrayEquals(concat(plain, plain),
                Codecs.of(CodecType.ZSTD).decompress(row, 0, row.length, 2 * plain.length));
        byte[] into = new byte[2 * plain.length];
        assertEquals(into.length, Codecs.of(CodecType.ZSTD).decompress(row, 0, row.length, into, 0));
        assertArrayEquals(concat(plain, plain), into);
        assertThrows(CodecException.class,
                () -> Codecs.of(CodecType.ZSTD).decompress(row, 0, row.length, 2 * plain.length - 1));
    }

    @Test
    void shouldVerifyTheChecksumOfAZstdFrame() {
        byte[] dst = new byte[(int) Zstd.compressBound(plain.length)];
        int length = (int) Zstd.compressByteArray(dst, 0, dst.length, plain, 0, plain.length, 3, true);
        byte[] frame = Arrays.copyOf(dst, length);
        assertReads(CodecType.ZSTD, frame);
        byte[] corrupt = changed(frame, length - 1, frame[length - 1] ^ 1);
        assertThrows(CodecException.class, () -> read(CodecType.ZSTD, corrupt));
    }

    @Test
    void shouldReadGzipWithEveryOptionalFieldAndMembersInARow() {
        byte[] bare = Subject.of(CodecType.GZIP).compress(plain);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bare, 0, 3);
        out.write(0x1E); // header CRC, extra field, name, comment
        out.write(bare, 4, 6);
        out.writeBytes(new byte[] {2, 0, 'x', 'y'});
        out.writeBytes(new byte[] {'n', 0, 'c', 'c', 0});
        CRC32 crc = new CRC32();
        crc.update(out.toByteArray());
        out.write((int) crc.getValue());
        out.write((int) crc.getValue() >> 8);
        out.write(bare, 10, bare.length - 10);
        assertReads(CodecType.GZIP, out.toByteArray());
        byte[] row = concat(out.toByteArray(), bare);
        assertArrayEquals(concat(plain, plain),
                Codecs.of(CodecType.GZIP).decompress(row, 0, row.length, 2 * plain.length));
        assertReads(CodecType.GZIP, concat(bare, new byte[100]));
        for (int cut = 0; cut < 25; cut++) {
            byte[] headerOnly = Arrays.copyOf(out.toByteArray(), cut);
            assertThrows(CodecException.class, () -> read(CodecType.GZIP, headerOnly));
        }
    }

    private byte[] lz4(BLOCKSIZE size, Bits... bits) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (LZ4FrameOutputStream stream = new LZ4FrameOutputStream(out, size, plain.length,
                LZ4Factory.fastestInstance().fastCompressor(), XXHashFactory.fastestInstance().hash32(), bits)) {
            stream.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] withDescriptor(byte[] frame, int flg, int bd) {
        byte[] changed = changed(changed(frame, 4, flg), 5, bd);
        changed[6] = Lz4Format.descriptorChecksum(XXHashFactory.fastestInstance().hash32(), changed, 4, 2);
        return changed;
    }

    private static byte[] changed(byte[] bytes, int at, int value) {
        byte[] changed = bytes.clone();
        changed[at] = (byte) value;
        return changed;
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static byte[] read(CodecType type, byte[] bytes) {
        return Codecs.of(type).decompress(bytes, 0, bytes.length, 1 << 24);
    }

    private void assertReads(CodecType type, byte[] bytes) {
        assertArrayEquals(plain, read(type, bytes));
        assertArrayEquals(plain, Codecs.of(type).decompress(bytes, 0, bytes.length, plain.length));
        byte[] into = new byte[plain.length];
        assertEquals(plain.length, Codecs.of(type).decompress(bytes, 0, bytes.length, into, 0));
        assertArrayEquals(plain, into);
    }

    private static void assertMessage(String part, byte[] frame) {
        CodecException e = assertThrows(CodecException.class, () -> read(CodecType.LZ4, frame));
        assertTrue(e.getMessage().contains(part), e::getMessage);
    }
}
