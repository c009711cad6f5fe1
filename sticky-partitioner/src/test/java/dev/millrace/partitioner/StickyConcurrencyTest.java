package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;

import org.apache.kafka.common.Cluster;
import org.junit.jupiter.api.Test;

/** Many threads, one sticky partition: no byte goes uncounted, no partition stays empty. */
class StickyConcurrencyTest {
    private static final int THREADS = 8;
    private static final int RECORDS_PER_THREAD = 250_000;
    private static final int PARTITIONS = 7;
    private static final int RECORDS_PER_RUN = (16_384 - 61) / 100;

    private final Cluster cluster = Topics.cluster(PARTITIONS);
    private final AtomicLongArray records = new AtomicLongArray(PARTITIONS);
    private final StickyPartitioner partitioner = new StickyPartitioner();

    StickyConcurrencyTest() {
        partitioner.configure(Map.of());
    }

    /**
     * Records of one size: exactly so many fit a run, whoever sends them. A count that got lost would let one more in,
     * a switch made twice would cut a run short; both show as a partition with a broken number of runs.
     */
    @Test
    void shouldMakeRunsOfExactlyOneBatchWithoutAnEngine() throws Exception {
        byte[] value = new byte[88];
        Threads.run(THREADS, thread -> {
            for (int i = 0; i < RECORDS_PER_THREAD; i++) {
                records.incrementAndGet(Topics.keyless(partitioner, value, cluster));
            }
        });
        int broken = 0;
        for (int p = 0; p < PARTITIONS; p++) {
            broken += records.get(p) % RECORDS_PER_RUN == 0 ? 0 : 1;
        }
        assertTrue(broken <= 1, "only the last run may be unfinished: " + records);
        assertShares(0.01);
    }

    /** In an engine a thread may append after another one switched; that is at most one record a thread and switch. */
    @Test
    void shouldSwitchAsOftenAsTheBytesSayInAnEngine() throws Exception {
        partitioner.watch(new Load());
        AtomicLongArray stray = new AtomicLongArray(1);
        Threads.run(THREADS, thread -> {
            for (int i = 0; i < RECORDS_PER_THREAD; i++) {
                int partition = Topics.keyless(partitioner, null, cluster);
                records.incrementAndGet(partition);
                if (partition != Topics.keyless(partitioner, null, cluster)) {
                    stray.incrementAndGet(0);
                }
                partitioner.appended(Topics.TOPIC, partition, 100, true, cluster);
            }
        });
        long switches = (long) THREADS * RECORDS_PER_THREAD / RECORDS_PER_RUN;
        assertTrue(stray.get(0) <= switches * THREADS, stray + " records met a switch, of " + switches);
        assertShares(0.2);
    }

    private void assertShares(double tolerance) {
        long sum = 0;
        for (int p = 0; p < PARTITIONS; p++) {
            sum += records.get(p);
            double share = (double) records.get(p) * PARTITIONS / THREADS / RECORDS_PER_THREAD;
            assertEquals(1, share, tolerance, "share of partition " + p + ": " + records);
        }
        assertEquals((long) THREADS * RECORDS_PER_THREAD, sum);
    }
}
