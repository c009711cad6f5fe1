package dev.millrace.internal.producer.accumulate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of batches when there is not enough memory. */
@Timeout(60)
class MemoryShortageTest {

    private static final int BATCH_SIZE = 4096;
    private static final byte[] VALUE = new byte[100];
    private static final int TAIL_SIZE = RecordWriter.tailSize(null, VALUE, RecordWriter.NO_HEADERS);

    private final BufferPool pool = new BufferPool(4 * BATCH_SIZE, BATCH_SIZE, 8 * BATCH_SIZE, new BufferPool.Observer() {
        @Override
        public void waited(long waitedNs) {
        }

        @Override
        public void exhausted() {
        }
    }, Time.SYSTEM);
    private final RecordAccumulator accumulator = new RecordAccumulator(new BatchSettings(BATCH_SIZE, 1_000, 0, 0),
            Codecs.of(CodecType.LZ4), pool, AppendGate.OPEN, Time.SYSTEM);
    private final PartitionQueue queue = accumulator.topic("t").queue(0);

    private boolean tryAppend() {
        SendResult result = new SendResult(null, 1, null, VALUE);
        accumulator.tryAppend(queue, null, VALUE, RecordWriter.NO_HEADERS, TAIL_SIZE, result);
        return result.isAppended();
    }

    private void append() throws InterruptedException {
        SendResult result = new SendResult(null, 1, null, VALUE);
        accumulator.append(queue, null, VALUE, RecordWriter.NO_HEADERS, TAIL_SIZE, result, 60_000);
    }

    /**
     * Else a partition whose last batch was small gets room for as little, can't grow, is small again, and so on for as long as threads
     * wait: a producer that was held up once would go on with a record a batch for ever.
     */
    @Test
    void shouldOpenAWholeBatchWhenItHadToWaitForMemory() throws Exception {
        append();
        ProducerBatch small = accumulator.takeCreatedUpTo(Long.MAX_VALUE).get(0);
        assertEquals(1, small.recordCount());
        List<byte[]> taken = new ArrayList<>();
        for (int size = BATCH_SIZE; size >= 1; size /= 2)
            for (byte[] buffer; (buffer = pool.tryAllocate(size)) != null; )
                taken.add(buffer);
        assertEquals(0, pool.availableMemory());

        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try {
                append();
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        thread.start();
        while (pool.waiting() == 0 && thread.isAlive())
            Thread.onSpinWait();
        pool.release(taken.get(0));
        thread.join();
        assertEquals(null, failure.get());

        assertEquals(0, pool.availableMemory());
        int more = 0;
        while (tryAppend())
            more++;
        assertTrue(more > BATCH_SIZE / VALUE.length / 2, "the batch had room for " + more + " more records");
    }
}
