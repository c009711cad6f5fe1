package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLongArray;

import org.apache.kafka.common.Cluster;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Threads that get into each other's way write to partitions of their own, and come together again when they do not. */
class StickyStripesTest {
    private static final int THREADS = 8;
    private static final int BATCH = 1_000;
    private static final int MOST = 2 * Runtime.getRuntime().availableProcessors();

    private final List<ExecutorService> threads = new ArrayList<>();
    private final StickyPartitioner partitioner = new StickyPartitioner();
    private Cluster cluster = Topics.cluster(24);

    StickyStripesTest() {
        for (int i = 0; i < THREADS; i++) {
            threads.add(Executors.newSingleThreadExecutor());
        }
        partitioner.configure(Map.of("batch.size", BATCH));
        partitioner.watch(new Load());
    }

    @AfterEach
    void end() {
        threads.forEach(ExecutorService::shutdownNow);
    }

    private int send(ExecutorService thread, int bytes) throws Exception {
        return thread.submit(() -> {
            int partition = Topics.keyless(partitioner, null, cluster);
            partitioner.appended(Topics.TOPIC, partition, bytes, true, cluster);
            return partition;
        }).get();
    }

    /** One record of each thread; the partitions they went to. */
    private Set<Integer> round(int bytes) throws Exception {
        Set<Integer> partitions = new TreeSet<>();
        for (ExecutorService thread : threads) {
            partitions.add(send(thread, bytes));
        }
        return partitions;
    }

    private void collide(int times) {
        for (int i = 0; i < times; i++) {
            partitioner.collided(Topics.TOPIC);
        }
    }

    /** So many runs, each with collisions as of many threads at one partition. */
    private void fight(int runs) throws Exception {
        for (int i = 0; i < runs; i++) {
            collide(100);
            send(threads.get(i % THREADS), BATCH);
        }
    }

    @Test
    void shouldShareOnePartitionWhileNobodyCollides() throws Exception {
        for (int i = 0; i < 100; i++) {
            assertEquals(1, round(1).size());
        }
    }

    /** The engine's own thread holds a partition's lock now and then. */
    @Test
    void shouldNotMindACollisionNowAndThen() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            collide(1);
            send(threads.get(0), BATCH);
        }
        assertEquals(1, round(1).size());
    }

    @Test
    void shouldSpreadThreadsThatCollide() throws Exception {
        fight(100);
        Set<Integer> partitions = round(1);
        assertTrue(partitions.size() > 1 && partitions.size() <= MOST, "went to " + partitions);
        // And they stay, until their batches are full.
        assertEquals(partitions, round(1));
    }

    @Test
    void shouldLeaveAPartitionFree() throws Exception {
        cluster = Topics.cluster(2);
        fight(100);
        assertEquals(1, round(1).size());
        cluster = Topics.cluster(3);
        fight(100);
        assertEquals(2, round(1).size());
    }

    @Test
    void shouldComeTogetherAgainWhenNobodyCollides() throws Exception {
        fight(100);
        assertTrue(round(1).size() > 1);
        for (int i = 0; i < 20_000; i++) {
            send(threads.get(i % THREADS), BATCH);
        }
        assertEquals(1, round(1).size());
    }

    @Test
    void shouldStayWithANewSnapshot() throws Exception {
        fight(100);
        Set<Integer> before = round(1);
        cluster = Topics.cluster(24);
        assertEquals(before, round(1));
        int gone = before.iterator().next();
        cluster = Topics.cluster(24, Set.of(gone));
        Set<Integer> after = round(1);
        assertTrue(!after.contains(gone), gone + " has no leader: " + after);
        assertTrue(after.size() >= before.size() - 1, before + " became " + after);
    }

    @Test
    void shouldComeTogetherWhenPartitionsGo() throws Exception {
        fight(100);
        cluster = Topics.cluster(1);
        fight(100);
        assertEquals(Set.of(0), round(1));
    }

    /** Threads of different speed: the slow ones' partitions are not theirs alone. */
    @Test
    void shouldGiveEveryPartitionItsShareUnderCollisions() throws Exception {
        int partitions = 6;
        Cluster six = Topics.cluster(partitions);
        AtomicLongArray records = new AtomicLongArray(partitions);
        Threads.run(4, thread -> {
            for (int i = 0; i < 100_000 * (thread + 1); i++) {
                int partition = Topics.keyless(partitioner, null, six);
                records.incrementAndGet(partition);
                partitioner.collided(Topics.TOPIC);
                partitioner.appended(Topics.TOPIC, partition, 100, true, six);
            }
        });
        for (int p = 0; p < partitions; p++) {
            double share = records.get(p) * partitions / 1_000_000.0;
            assertEquals(1, share, 0.25, "share of partition " + p + ": " + records);
        }
    }
}
