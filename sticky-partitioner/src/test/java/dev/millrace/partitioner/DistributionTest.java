package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;

import org.apache.kafka.common.Cluster;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ten million records without a key, batches of 16 KiB and records of 100 bytes: who gets how many. */
class DistributionTest {
    private static final int RECORDS = 10_000_000;
    private static final int RECORD_BYTES = 100;
    private static final int BATCH_SIZE = 16_384;
    /** The brokers could take half as much again as is sent: queues stay short where nobody is slow. */
    private static final int DRAIN_EVERY = BATCH_SIZE / RECORD_BYTES * 2 / 3;
    private static final int SLOW = 1;

    @ParameterizedTest
    @ValueSource(ints = {3, 6, 12, 50, 101, 200})
    void shouldShareEvenlyWhenAllPartitionsAreEqual(int partitions) {
        assertEven(simulate(partitions, -1, true), -1);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 6, 50, 200})
    void shouldGiveTheSlowPartitionLess(int partitions) {
        double[] shares = simulate(partitions, SLOW, true);
        assertTrue(shares[SLOW] < 0.5, () -> "the slow one got " + shares[SLOW] + " of the ideal");
        assertTrue(shares[SLOW] > 0, "the slow one must not starve");
        assertEven(shares, SLOW);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 50, 200})
    void shouldGiveTheSlowPartitionAsMuchWhenNotAdaptive(int partitions) {
        assertEven(simulate(partitions, SLOW, false), -1);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 12, 200})
    void shouldShareEvenlyWithoutAnEngine(int partitions) {
        StickyPartitioner partitioner = Topics.sticky(Topics.random("unwatched " + partitions, partitions), Map.of());
        Cluster cluster = Topics.cluster(partitions);
        byte[] value = new byte[RECORD_BYTES];
        long[] records = new long[partitions];
        for (int i = 0; i < RECORDS; i++) {
            records[Topics.keyless(partitioner, value, cluster)]++;
        }
        assertEven(shares(records), -1);
    }

    private static double[] simulate(int partitions, int slow, boolean adaptive) {
        String name = "partitions " + partitions + " slow " + slow + " adaptive " + adaptive;
        StickyPartitioner partitioner = Topics.sticky(Topics.random(name, partitions), Map.of(
                "batch.size", BATCH_SIZE, "partitioner.adaptive.partitioning.enable", adaptive));
        SimulatedEngine engine = new SimulatedEngine(partitioner, partitions, BATCH_SIZE, DRAIN_EVERY, slow);
        engine.send(RECORDS, RECORD_BYTES);
        assertEquals(RECORDS, Arrays.stream(engine.records).sum());
        double[] shares = shares(engine.records);
        double[] sorted = shares.clone();
        Arrays.sort(sorted);
        System.out.printf("  share of the ideal: smallest %.4f, largest %.4f%n", sorted[0], sorted[partitions - 1]);
        return shares;
    }

    /** Of the ideal: 1 is an equal share. */
    private static double[] shares(long[] records) {
        return Arrays.stream(records).mapToDouble(r -> (double) r * records.length / RECORDS).toArray();
    }

    /** All but one share what is left within 5 %. */
    private static void assertEven(double[] shares, int but) {
        double left = but < 0 ? shares.length : shares.length - shares[but];
        double ideal = left / (but < 0 ? shares.length : shares.length - 1);
        for (int p = 0; p < shares.length; p++) {
            int partition = p;
            assertTrue(p == but || Math.abs(shares[p] / ideal - 1) < 0.05,
                    () -> "partition " + partition + " got " + shares[partition] + " where " + ideal + " is ideal");
        }
    }
}
