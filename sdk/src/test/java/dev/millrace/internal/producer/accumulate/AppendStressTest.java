package dev.millrace.internal.producer.accumulate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many threads append while one drains, fails, puts back and ends batches at random, with little memory: every record must
 * arrive once, each thread's in their order, and all memory must come back.
 */
@Timeout(120)
class AppendStressTest {

    private static final int THREADS = 8;
    private static final int RECORDS = 20_000;
    private static final int PARTITIONS = 5;

    private int partitions = PARTITIONS;

    @ParameterizedTest
    @EnumSource(value = CodecType.class, names = {"NONE", "LZ4", "ZSTD"})
    void shouldLoseAndDoubleNothing(CodecType codec) throws Exception {
        run(codec, 2048, false);
    }

    /**
     * Batches of a few records that are full and due at nearly the same time, so that appending threads and the sender, or
     * two appending threads, all want to finish the same one.
     */
    @Test
    void shouldFinishEveryBatchOnce() throws Exception {
        partitions = 1;
        run(CodecType.LZ4, 220, true);
    }

    private void run(CodecType codec, int batchSize, boolean flushing) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        BatchSettings settings = new BatchSettings(batchSize, 1, 0, 0);
        BufferPool pool = new BufferPool(32 * 1024, batchSize, 8 * batchSize, new BufferPool.Observer() {
            @Override
            public void waited(long waitedNs) {
            }

            @Override
            public void exhausted() {
            }
        }, Time.SYSTEM);
        RecordAccumulator accumulator = new RecordAccumulator(settings, Codecs.of(codec), pool, AppendGate.OPEN, Time.SYSTEM);
        if (flushing)
            accumulator.beginFlush();
        AtomicInteger failures = new AtomicInteger();
        AtomicInteger callbacks = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            Random random = new Random(seed + t);
            int thread = t;
            threads.add(new Thread(() -> {
                try {
                    for (int i = 0; i < RECORDS; i++)
                        append(accumulator, random.nextInt(partitions), thread, i, random, callbacks);
                } catch (Throwable e) {
                    e.printStackTrace();
                    failures.incrementAndGet();
                }
            }));
        }
        Map<TopicPartition, List<long[]>> log = new HashMap<>();
        threads.forEach(Thread::start);
        drainUntilDone(accumulator, threads, log, new Random(seed));
        for (Thread thread : threads)
            thread.join();
        assertEquals(0, failures.get());
        assertEquals(THREADS * RECORDS, callbacks.get());
        assertEquals(THREADS * RECORDS, log.values().stream().mapToInt(List::size).sum());
        log.values().forEach(AppendStressTest::assertEachThreadInOrder);
        assertEquals(pool.totalMemory(), pool.availableMemory());
    }

    private static void append(RecordAccumulator accumulator, int partition, int thread, int i, Random random,
                               AtomicInteger callbacks) throws InterruptedException {
        byte[] key = ByteBuffer.allocate(8).putInt(thread).putInt(i).array();
        byte[] value = new byte[random.nextInt(random.nextInt(500) == 0 ? 5000 : 100)];
        SendResult result = new SendResult((metadata, e) -> callbacks.incrementAndGet(), 1, key, value);
        int tailSize = RecordWriter.tailSize(key, value, RecordWriter.NO_HEADERS);
        PartitionQueue queue = accumulator.topic("t").queue(partition);
        accumulator.tryAppend(queue, key, value, RecordWriter.NO_HEADERS, tailSize, result);
        if (!result.isAppended())
            accumulator.append(queue, key, value, RecordWriter.NO_HEADERS, tailSize, result, 60_000);
    }

    /** The sender's part: by the events alone, never by looking at all partitions. */
    private static void drainUntilDone(RecordAccumulator accumulator, List<Thread> threads,
                                       Map<TopicPartition, List<long[]>> log, Random random) {
        ReadyPartitions ready = new ReadyPartitions(accumulator, new ReadyPartitions.SendGate() {
            @Override
            public boolean maySend(ProducerBatch head) {
                return true;
            }

            @Override
            public void leaving(ProducerBatch batch) {
            }
        }, 0);
        ReadyPartitions.Leaders leaders = new ReadyPartitions.Leaders() {
            @Override
            public int leaderId(TopicPartition partition) {
                return partition.partition() % 2;
            }

            @Override
            public int leaderEpoch(TopicPartition partition) {
                return 0;
            }
        };
        while (threads.stream().anyMatch(Thread::isAlive) || accumulator.hasIncomplete()) {
            long nowMs = System.currentTimeMillis();
            ready.update(leaders, nowMs, false);
            for (NodeQueue node : ready.nodes()) {
                for (ProducerBatch batch : ready.drain(node, 10_000, nowMs)) {
                    batch.landed();
                    if (random.nextInt(5) == 0) {
                        accumulator.putBack(batch, nowMs);
                    } else {
                        read(batch, log);
                        assertTrue(batch.complete(0, -1));
                        accumulator.ended(batch);
                    }
                    ready.look(batch, nowMs);
                }
            }
            Thread.onSpinWait();
        }
    }

    private static void read(ProducerBatch batch, Map<TopicPartition, List<long[]>> log) {
        List<long[]> partition = log.computeIfAbsent(batch.topicPartition(), p -> new ArrayList<>());
        var read = MemoryRecords.readableRecords(ByteBuffer.wrap(batch.bytes(), 0, batch.size())).batches().iterator().next();
        read.ensureValid();
        for (Record record : read) {
            ByteBuffer key = record.key();
            partition.add(new long[] {key.getInt(), key.getInt()});
        }
    }

    private static void assertEachThreadInOrder(List<long[]> partition) {
        long[] last = new long[THREADS];
        Arrays.fill(last, -1);
        for (long[] record : partition) {
            assertTrue(record[1] > last[(int) record[0]], "thread " + record[0] + ": " + record[1] + " after " + last[(int) record[0]]);
            last[(int) record[0]] = record[1];
        }
    }
}
