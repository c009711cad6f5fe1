package dev.millrace.perf.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.record.internal.DefaultRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is compared must be right: Kafka's own reader finds each record once, in the order of its thread. */
class AppendAlternativesTest {
    private static final int THREADS = 4;
    private static final int PER_THREAD = 20_000;
    private static final long START_MS = 1_000_000;

    /** By thread: the records that were found in sealed batches; guarded by this. */
    private final List<BitSet> found = new ArrayList<>();
    private int records;
    private long wrong;

    @ParameterizedTest
    @ValueSource(strings = {"synchronized", "reentrantLock", "claim"})
    void shouldSealEveryRecordOnceWhenThreadsAppend(String way) throws Exception {
        for (int i = 0; i < THREADS; i++) {
            found.add(new BitSet());
        }
        PartitionAppender partition = AppendAlternativesBenchmark.appender(way, START_MS, this::sealed);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int thread = i;
                ends.add(threads.submit(() -> append(partition, thread)));
            }
            for (Future<?> end : ends) {
                end.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertEquals(0, wrong, "records that do not say what was appended");
        int distinct = 0;
        for (BitSet ofThread : found) {
            assertEquals(ofThread.cardinality(), ofThread.length(), "a thread's record was passed over");
            distinct += ofThread.cardinality();
        }
        assertEquals(distinct, records, "records sealed more than once");
        // One batch is still open.
        assertTrue(distinct > THREADS * PER_THREAD - PartitionAppender.BATCH_SIZE / PartitionAppender.SMALLEST_RECORD
                && distinct <= THREADS * PER_THREAD, way + ": " + distinct);
    }

    private static void append(PartitionAppender partition, int thread) {
        for (int i = 0; i < PER_THREAD; i++) {
            // Lengths from 8 to 200, so that batches end at all kinds of places.
            byte[] value = new byte[Integer.BYTES * 2 + (i * 31 + thread) % 193];
            ByteBuffer.wrap(value).putInt(thread).putInt(i);
            partition.append(START_MS + i / 100, value);
        }
    }

    private synchronized void sealed(byte[] batch, int end, int count, long baseTimestamp, long maxTimestamp) {
        ByteBuffer bytes = ByteBuffer.wrap(batch, PartitionAppender.HEADER, end - PartitionAppender.HEADER);
        long newest = Long.MIN_VALUE;
        for (int i = 0; i < count; i++) {
            DefaultRecord record = DefaultRecord.readFrom(bytes, 0, baseTimestamp, 0, null);
            ByteBuffer value = record.value();
            int thread = value.getInt();
            int number = value.getInt();
            if (record.offset() != i || record.timestamp() != START_MS + number / 100
                    || value.remaining() != (number * 31 + thread) % 193) {
                wrong++;
            }
            newest = Math.max(newest, record.timestamp());
            found.get(thread).set(number);
            records++;
        }
        if (bytes.hasRemaining() || newest != maxTimestamp && baseTimestamp < newest) {
            wrong++;
        }
    }
}
