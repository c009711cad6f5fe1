package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Crc32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole record batches (v2): the compressed payload goes between our codecs and Kafka's record classes. */
class KafkaRecordBatchTest {
    private static final int LENGTH_OFFSET = 8;
    private static final int CRC_OFFSET = 17;
    private static final int ATTRIBUTES_OFFSET = 21;
    private static final int HEADER_BYTES = DefaultRecordBatch.RECORD_BATCH_OVERHEAD;

    private final SimpleRecord[] records = records(3000);

    @ParameterizedTest
    @MethodSource("dev.millrace.codec.Subject#all")
    void shouldMakePayloadsKafkasRecordClassesRead(Subject subject) {
        byte[] plainBatch = batch(Compression.NONE);
        byte[] payload = subject.compress(Arrays.copyOfRange(plainBatch, HEADER_BYTES, plainBatch.length));
        ByteBuffer batch = ByteBuffer.allocate(HEADER_BYTES + payload.length);
        batch.put(plainBatch, 0, HEADER_BYTES).put(payload).flip();
        batch.putInt(LENGTH_OFFSET, batch.limit() - LENGTH_OFFSET - 4);
        batch.putShort(ATTRIBUTES_OFFSET, (short) subject.type().id());
        int crc = (int) Crc32C.compute(batch, ATTRIBUTES_OFFSET, batch.limit() - ATTRIBUTES_OFFSET);
        batch.putInt(CRC_OFFSET, crc);

        MutableRecordBatch read = MemoryRecords.readableRecords(batch).batches().iterator().next();
        read.ensureValid();
        assertEquals(CompressionType.forId(subject.type().id()), read.compressionType());
        int i = 0;
        for (Record record : read) {
            assertEquals(i, record.offset());
            assertEquals(ByteBuffer.wrap(array(records[i].key())), record.key());
            assertEquals(ByteBuffer.wrap(array(records[i].value())), record.value());
            i++;
        }
        assertEquals(records.length, i);
    }

    @ParameterizedTest
    @MethodSource("dev.millrace.codec.Subject#all")
    void shouldReadPayloadsKafkasRecordClassesMade(Subject subject) {
        byte[] plainBatch = batch(Compression.NONE);
        byte[] compressedBatch = batch(subject.kafka());
        byte[] payload = subject.codec().decompress(compressedBatch, HEADER_BYTES,
                compressedBatch.length - HEADER_BYTES, plainBatch.length - HEADER_BYTES);
        assertArrayEquals(Arrays.copyOfRange(plainBatch, HEADER_BYTES, plainBatch.length), payload);
    }

    private byte[] batch(Compression compression) {
        return array(MemoryRecords.withRecords(compression, records).buffer());
    }

    private static byte[] array(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static SimpleRecord[] records(int count) {
        Random random = new Random(20261121L);
        List<SimpleRecord> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] key = ("key-" + random.nextInt(500)).getBytes(StandardCharsets.UTF_8);
            byte[] value = TestData.JSON.bytes(20 + random.nextInt(200), random);
            records.add(new SimpleRecord(1_700_000_000_000L + i, key, value));
        }
        return records.toArray(SimpleRecord[]::new);
    }
}
