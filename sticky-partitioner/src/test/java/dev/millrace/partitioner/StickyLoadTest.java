package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

import org.apache.kafka.common.Cluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How often a partition comes up, by its queue and whether its leader answers. */
class StickyLoadTest {
    private static final int SWITCHES = 400_000;

    private final Load load = new Load();

    /** Every record is a run, so every record is a choice. */
    private int[] choices(String name, Cluster cluster, boolean adaptive) {
        RandomGenerator random = Topics.random("StickyLoadTest " + name, 42L);
        StickyPartitioner partitioner = Topics.sticky(random, Map.of(
                "batch.size", "100", "partitioner.adaptive.partitioning.enable", Boolean.toString(adaptive)));
        partitioner.watch(load);
        int[] chosen = new int[cluster.partitionCountForTopic(Topics.TOPIC)];
        for (int i = 0; i < SWITCHES; i++) {
            int partition = Topics.keyless(partitioner, null, cluster);
            chosen[partition]++;
            partitioner.appended(Topics.TOPIC, partition, 100, true, cluster);
        }
        return chosen;
    }

    private static void assertShares(int[] chosen, double... weights) {
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
        }
        for (int p = 0; p < chosen.length; p++) {
            assertEquals(weights[p] / sum, (double) chosen[p] / SWITCHES, 0.005, "share of partition " + p);
        }
    }

    @Test
    void shouldChooseInProportionToLongestPlusOneMinusQueue() {
        load.queued.putAll(Map.of(0, 0, 1, 3, 2, 1));
        assertShares(choices("0 3 1", Topics.cluster(3), true), 4, 1, 3);
    }

    @Test
    void shouldChooseInProportionWhenNoQueueIsEmpty() {
        load.queued.putAll(Map.of(0, 10, 1, 11, 2, 19, 3, 12));
        assertShares(choices("10 11 19 12", Topics.cluster(4), true), 10, 9, 1, 8);
    }

    @Test
    void shouldChooseEquallyWhenQueuesAreEqual() {
        load.queued.put(-1, 7);
        assertShares(choices("all 7", Topics.cluster(5), true), 1, 1, 1, 1, 1);
    }

    @Test
    void shouldIgnoreQueuesAndAvailabilityWhenNotAdaptive() {
        load.queued.put(0, 100);
        load.unavailable.add(1);
        assertShares(choices("not adaptive", Topics.cluster(4), false), 1, 1, 1, 1);
    }

    @Test
    void shouldLeaveOutPartitionsWhoseLeaderDoesNotAnswer() {
        // The long queue of one that is left out must not level the others' differences.
        load.queued.putAll(Map.of(0, 0, 1, 1000, 2, 1, 3, 1000));
        load.unavailable.addAll(Set.of(1, 3));
        int[] chosen = choices("1 and 3 unavailable", Topics.cluster(4), true);
        assertShares(chosen, 2, 0, 1, 0);
        assertEquals(0, chosen[1] + chosen[3]);
    }

    @Test
    void shouldLeaveOutPartitionsWithoutALeader() {
        int[] chosen = choices("1 leaderless", Topics.cluster(4, Set.of(1)), true);
        assertShares(chosen, 1, 0, 1, 1);
        assertEquals(0, chosen[1]);
    }

    @Test
    void shouldChooseAnyPartitionWhenNoLeaderAnswers() {
        load.unavailable.addAll(Set.of(0, 1, 2, 3));
        assertShares(choices("none available", Topics.cluster(4), true), 1, 1, 1, 1);
    }

    @Test
    void shouldChooseAmongThoseWithALeaderWhenNoLeaderAnswers() {
        load.unavailable.addAll(Set.of(0, 1, 3));
        int[] chosen = choices("none available, 2 leaderless", Topics.cluster(4, Set.of(2)), true);
        assertShares(chosen, 1, 1, 0, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 65, 1000})
    void shouldFindTheOnlyOneThatAnswersAmongMany(int partitions) {
        for (int p = 0; p < partitions; p++) {
            load.unavailable.add(p);
        }
        load.unavailable.remove(17);
        StickyPartitioner partitioner = Topics.sticky(Topics.random("one of " + partitions, 3L),
                Map.of("batch.size", 100));
        partitioner.watch(load);
        Cluster cluster = Topics.cluster(partitions);
        for (int i = 0; i < 1000; i++) {
            assertEquals(17, Topics.keyless(partitioner, null, cluster));
            partitioner.appended(Topics.TOPIC, 17, 100, true, cluster);
        }
    }

    @Test
    void shouldGiveLongQueuesLessInALargeTopicToo() {
        for (int p = 0; p < 500; p += 10) {
            load.queued.put(p, 9);
        }
        int[] chosen = choices("every tenth of 500 has 9", Topics.cluster(500), true);
        double tenths = 0;
        for (int p = 0; p < 500; p += 10) {
            tenths += chosen[p];
        }
        // 50 of weight 1 and 450 of weight 10.
        assertEquals(50.0 / 4550, tenths / SWITCHES, 0.003);
        assertTrue(tenths > 0);
    }

    @Test
    void shouldChooseTheOnlyPartitionWhateverItsLoad() {
        load.queued.put(0, 5);
        load.unavailable.add(0);
        assertShares(choices("one", Topics.cluster(1), true), 1);
    }
}
