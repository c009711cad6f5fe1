package dev.millrace.testkit.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;

class PreparedBatchTest {
    @Test
    void shouldMakeBatchesKafkaReads() {
        for (int records : List.of(1, 3, 200)) {
            for (int bytes : List.of(0, 1, 63, 64, 10_000)) {
                MemoryRecords all = MemoryRecords.readableRecords(ByteBuffer.wrap(PreparedBatch.of(records, bytes)));
                RecordBatch batch = all.batches().iterator().next();
                batch.ensureValid();
                assertEquals(records, batch.countOrNull());
                List<Record> read = StreamSupport.stream(batch.spliterator(), false).toList();
                assertEquals(records, read.size());
                assertEquals(records - 1, read.get(records - 1).offset());
                assertEquals(bytes, read.get(records - 1).valueSize());
                assertEquals(-1, read.get(0).keySize());
            }
        }
    }

    @Test
    void shouldRepeatWithBaseOffsetsThatCountUp() {
        PreparedBatch batch = new PreparedBatch(PreparedBatch.of(10, 5), 4);
        assertEquals(40, batch.endOffset());
        assertEquals(2, batch.batchesFrom(15, 2 * batch.size() + 1));
        assertEquals(3, batch.batchesFrom(15, 100 * batch.size()), "no more than there are");
        ByteBuffer out = ByteBuffer.allocate(3 * batch.size());
        batch.write(out, 15, 3);
        long next = 10;
        for (RecordBatch each : MemoryRecords.readableRecords(out.flip()).batches()) {
            each.ensureValid();
            assertEquals(next, each.baseOffset());
            next += 10;
            assertEquals(next, each.nextOffset());
        }
        assertEquals(40, next);
    }

    @Test
    void shouldHaveNoEndUnlessTold() {
        assertTrue(new PreparedBatch(PreparedBatch.of(10, 5), 0).endOffset() > Long.MAX_VALUE / 4);
    }

    @Test
    void shouldRefuseWhatIsNotOneBatch() {
        byte[] batch = PreparedBatch.of(2, 2);
        assertThrows(IllegalArgumentException.class, () -> new PreparedBatch(new byte[100], 0));
        assertThrows(IllegalArgumentException.class, () -> new PreparedBatch(Arrays.copyOf(batch, 70), 0));
        assertThrows(IllegalArgumentException.class, () -> new PreparedBatch(Arrays.copyOf(batch, 200), 0));
    }
}
