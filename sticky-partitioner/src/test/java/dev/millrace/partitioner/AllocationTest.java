package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.function.IntSupplier;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;
import org.junit.jupiter.api.Test;

/** A record allocates nothing; a switch does, and is spread over the records of its run. */
class AllocationTest {
    private static final int RECORDS = 1_000_000;
    /** More than 127, the largest count that boxing would not allocate for. */
    private final Cluster cluster = Topics.cluster(200);
    private final byte[] value = new byte[88];

    @Test
    void shouldAllocateNothingForAKey() {
        Partitioner partitioner = new StickyPartitioner();
        byte[] key = new byte[20];
        assertAllocates(0.01, () -> partitioner.partition(Topics.TOPIC, null, key, null, value, cluster));
    }

    @Test
    void shouldAllocateNothingForATurn() {
        Partitioner partitioner = new RoundRobinPartitioner();
        assertAllocates(0.01, () -> Topics.keyless(partitioner, value, cluster));
    }

    @Test
    void shouldAllocateASwitchAndNothingElseWithoutAnEngine() {
        Partitioner partitioner = new StickyPartitioner();
        assertAllocates(1, () -> Topics.keyless(partitioner, value, cluster));
    }

    @Test
    void shouldAllocateASwitchAndNothingElseInAnEngine() {
        StickyPartitioner partitioner = Topics.sticky(Topics.random("AllocationTest", 1L), Map.of());
        SimulatedEngine engine = new SimulatedEngine(partitioner, 200, 16_384, 100, -1);
        assertAllocates(1, () -> engine.send(100));
    }

    private static void assertAllocates(double bytesPerRecord, IntSupplier record) {
        // Once more than is counted: class loading and the interpreter have allocations of their own.
        allocated(record);
        double measured = (double) allocated(record) / RECORDS;
        assertTrue(measured < bytesPerRecord, () -> measured + " bytes a record, " + bytesPerRecord + " at most");
    }

    private static long allocated(IntSupplier record) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < RECORDS; i++) {
            record.getAsInt();
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
