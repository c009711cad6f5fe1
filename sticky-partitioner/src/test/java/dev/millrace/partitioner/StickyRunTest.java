package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;

import org.apache.kafka.common.Cluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a run is, and what ends it. */
class StickyRunTest {
    private static final int BATCH_SIZE = 16_384;
    private static final int VALUE_BYTES = 88;
    /** With the partitioner's constant for the rest of a record. */
    private static final int RECORD_BYTES = 100;
    private static final int RECORDS_PER_BATCH = (BATCH_SIZE - 61) / RECORD_BYTES;

    private final Cluster cluster = Topics.cluster(6);

    private StickyPartitioner sticky(long seed, Object batchSize) {
        return Topics.sticky(Topics.random("StickyRunTest", seed), Map.of("batch.size", batchSize));
    }

    @Test
    void shouldFillOneBatchAndNoMoreWithoutAnEngine() {
        StickyPartitioner partitioner = sticky(1, BATCH_SIZE);
        byte[] value = new byte[VALUE_BYTES];
        assertRunsOf(RECORDS_PER_BATCH, runs(100_000, () -> Topics.keyless(partitioner, value, cluster)));
    }

    @Test
    void shouldGiveRecordsLargerThanABatchRunsOfTheirOwn() {
        StickyPartitioner partitioner = sticky(2, "1000");
        byte[] value = new byte[5000];
        assertRunsOf(1, runs(1000, () -> Topics.keyless(partitioner, value, cluster)));
    }

    @Test
    void shouldSwitchAtEveryRecordWhenBatchSizeIsZero() {
        StickyPartitioner plain = sticky(3, 0);
        assertRunsOf(1, runs(1000, () -> Topics.keyless(plain, null, cluster)));
        SimulatedEngine engine = new SimulatedEngine(sticky(3, 0), 6, 0, 1, -1);
        assertRunsOf(1, runs(1000, () -> engine.send(10)));
    }

    @ParameterizedTest
    @ValueSource(ints = {30, RECORD_BYTES, 999, 5000, 16_000, 40_000})
    void shouldFillOneBatchAndNoMoreInAnEngine(int recordBytes) {
        int fit = Math.max(1, (BATCH_SIZE - 61) / recordBytes);
        SimulatedEngine engine = new SimulatedEngine(sticky(4, BATCH_SIZE), 6, BATCH_SIZE, fit / 2 + 1, -1);
        assertRunsOf(fit, runs(200 * fit, () -> engine.send(recordBytes)));
    }

    @Test
    void shouldStayWhileAnEngineOnlyAsks() {
        StickyPartitioner partitioner = sticky(5, BATCH_SIZE);
        partitioner.watch(new Load());
        int first = Topics.keyless(partitioner, null, cluster);
        for (int i = 0; i < 10_000; i++) {
            assertEquals(first, Topics.keyless(partitioner, new byte[VALUE_BYTES], cluster));
        }
    }

    @Test
    void shouldWaitForAFullBatchUpToTwiceTheSize() {
        StickyPartitioner partitioner = sticky(6, BATCH_SIZE);
        Load load = new Load();
        load.queued.put(-1, 1);
        partitioner.watch(load);
        int twice = (2 * BATCH_SIZE - 61 + RECORD_BYTES - 1) / RECORD_BYTES;
        assertRunsOf(twice, runs(50_000, () -> appended(partitioner, false)));
    }

    @Test
    void shouldSwitchWhenTheBatchItWaitsForWasSent() {
        StickyPartitioner partitioner = sticky(7, BATCH_SIZE);
        Load load = new Load();
        partitioner.watch(load);
        load.queued.put(-1, 1);
        int first = Topics.keyless(partitioner, null, cluster);
        for (int i = 0; i < RECORDS_PER_BATCH + 20; i++) {
            assertEquals(first, appended(partitioner, false));
        }
        load.queued.put(-1, 0);
        int second = Topics.keyless(partitioner, null, cluster);
        assertNotEquals(first, second);
        assertEquals(second, Topics.keyless(partitioner, null, cluster), "asked again without a record in between");
    }

    @Test
    void shouldNotCountRecordsThatWentElsewhere() {
        StickyPartitioner partitioner = sticky(8, BATCH_SIZE);
        partitioner.watch(new Load());
        int sticky = Topics.keyless(partitioner, null, cluster);
        for (int i = 0; i < 1000; i++) {
            partitioner.appended(Topics.TOPIC, (sticky + 1) % 6, RECORD_BYTES, true, cluster);
            partitioner.appended("another", sticky, RECORD_BYTES, true, cluster);
        }
        assertEquals(sticky, Topics.keyless(partitioner, null, cluster));
    }

    @Test
    void shouldKeepTheRunOverASnapshotThatChangesNothing() {
        StickyPartitioner partitioner = sticky(9, BATCH_SIZE);
        byte[] value = new byte[VALUE_BYTES];
        int sticky = Topics.keyless(partitioner, value, cluster);
        for (int i = 1; i < RECORDS_PER_BATCH; i++) {
            assertEquals(sticky, Topics.keyless(partitioner, value, Topics.cluster(6)), "record " + i);
        }
        // A new deck has it on top, as dealt: the count went on, and the next one is another partition.
        assertNotEquals(sticky, Topics.keyless(partitioner, value, cluster));
    }

    @Test
    void shouldLeaveAPartitionThatLostItsLeaderOrIsGone() {
        StickyPartitioner partitioner = sticky(10, BATCH_SIZE);
        byte[] value = new byte[VALUE_BYTES];
        int sticky = Topics.keyless(partitioner, value, cluster);
        assertNotEquals(sticky, Topics.keyless(partitioner, value, Topics.cluster(6, Set.of(sticky))));
        for (int size = 5; size > 0; size--) {
            int partition = Topics.keyless(partitioner, value, Topics.cluster(size));
            assertTrue(partition < size, "partition " + partition + " of " + size);
        }
    }

    private int appended(StickyPartitioner partitioner, boolean full) {
        int partition = Topics.keyless(partitioner, null, cluster);
        partitioner.appended(Topics.TOPIC, partition, RECORD_BYTES, full, cluster);
        return partition;
    }

    private static List<Integer> runs(int records, IntSupplier send) {
        List<Integer> runs = new ArrayList<>();
        int last = -1;
        int length = 0;
        for (int i = 0; i < records; i++) {
            int partition = send.getAsInt();
            if (partition != last && last >= 0) {
                runs.add(length);
                length = 0;
            }
            last = partition;
            length++;
        }
        return runs;
    }

    /** The same partition may come up twice in a row, at the end of one deck and the beginning of the next. */
    private static void assertRunsOf(int records, List<Integer> runs) {
        assertTrue(runs.size() > 50, "only " + runs.size() + " runs");
        int doubled = 0;
        for (int run : runs) {
            assertTrue(run == records || run == 2 * records, "a run of " + run + " records, not " + records);
            doubled += run == records ? 0 : 1;
        }
        assertTrue(doubled < runs.size() / 10, doubled + " of " + runs.size() + " runs were two");
    }
}
