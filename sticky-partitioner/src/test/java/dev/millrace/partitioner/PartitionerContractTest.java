package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.api.Test;

/** What every partitioner of this module keeps, with an engine that watches and without one. */
@ParameterizedClass(name = "{0}")
@MethodSource("subjects")
class PartitionerContractTest {
    /** Small, so that a few thousand records are many switches. */
    private static final Map<String, Object> CONFIG = Map.of("batch.size", 1000);
    private static final Map<String, Object> IGNORE_KEYS =
            Map.of("batch.size", 1000, "partitioner.ignore.keys", "true");

    private final Subject subject;
    private final Partitioner partitioner;

    PartitionerContractTest(Subject subject) {
        this.subject = subject;
        this.partitioner = subject.make.get();
    }

    /** A partitioner and what it is sent. */
    private record Subject(String name, boolean keyed, Supplier<Partitioner> make) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Subject> subjects() {
        return Stream.of(
                new Subject("sticky, keyless, plain", false, () -> configured(new StickyPartitioner(), CONFIG)),
                new Subject("sticky, keyless, watched", false, () -> watched(CONFIG)),
                new Subject("sticky, keys ignored, plain", true,
                        () -> configured(new StickyPartitioner(), IGNORE_KEYS)),
                new Subject("sticky, keys ignored, watched", true, () -> watched(IGNORE_KEYS)),
                new Subject("round robin, keyless", false, () -> configured(new RoundRobinPartitioner(), CONFIG)),
                new Subject("round robin, keyed", true, () -> configured(new RoundRobinPartitioner(), CONFIG)));
    }

    private static Partitioner configured(Partitioner partitioner, Map<String, Object> config) {
        partitioner.configure(config);
        return partitioner;
    }

    private static Partitioner watched(Map<String, Object> config) {
        StickyPartitioner partitioner = new StickyPartitioner();
        partitioner.configure(config);
        partitioner.watch(new Load());
        return partitioner;
    }

    /** One record, as an engine would send it. */
    private int send(Cluster cluster, int record) {
        byte[] key = subject.keyed ? new byte[] {(byte) record, (byte) (record >> 8)} : null;
        int partition = partitioner.partition(Topics.TOPIC, key, key, null, new byte[88], cluster);
        if (partitioner instanceof LoadAware aware) {
            aware.appended(Topics.TOPIC, partition, 100, record % 8 == 0, cluster);
        }
        return partition;
    }

    private BitSet sendMany(Cluster cluster) {
        BitSet chosen = new BitSet();
        for (int i = 0; i < 10_000; i++) {
            chosen.set(send(cluster, i));
        }
        return chosen;
    }

    private static BitSet bits(int... partitions) {
        BitSet bits = new BitSet();
        Arrays.stream(partitions).forEach(bits::set);
        return bits;
    }

    @Test
    void shouldReachEveryPartitionAndNoOther() {
        for (int partitions : new int[] {1, 2, 3, 7, 64, 65, 200}) {
            BitSet expected = new BitSet();
            expected.set(0, partitions);
            assertEquals(expected, sendMany(Topics.cluster(partitions)), partitions + " partitions");
        }
    }

    @Test
    void shouldLeaveOutPartitionsWithoutALeader() {
        assertEquals(bits(0, 2, 5), sendMany(Topics.cluster(6, Set.of(1, 3, 4))));
    }

    @Test
    void shouldUseAnyPartitionWhenNoneHasALeader() {
        assertEquals(bits(0, 1, 2), sendMany(Topics.cluster(3, Set.of(0, 1, 2))));
    }

    @Test
    void shouldNoticeThatALeaderIsLostAndFoundAgain() {
        assertEquals(bits(0, 1, 2), sendMany(Topics.cluster(3)));
        assertEquals(bits(0, 2), sendMany(Topics.cluster(3, Set.of(1))));
        assertEquals(bits(0, 1, 2), sendMany(Topics.cluster(3)));
    }

    @Test
    void shouldNoticeGrowthFromThreeToSixPartitions() {
        assertEquals(bits(0, 1, 2), sendMany(Topics.cluster(3)));
        assertEquals(bits(0, 1, 2, 3, 4, 5), sendMany(Topics.cluster(6)));
    }

    @Test
    void shouldStayInRangeWhenATopicComesBackSmaller() {
        assertEquals(bits(0, 1, 2, 3, 4, 5), sendMany(Topics.cluster(6)));
        assertThrows(UnknownTopicOrPartitionException.class, () -> send(Topics.without(), 1));
        assertEquals(bits(0, 1), sendMany(Topics.cluster(2)));
    }

    @Test
    void shouldSayWhichTopicHasNoPartitions() {
        String message = assertThrows(UnknownTopicOrPartitionException.class,
                () -> send(Topics.without(), 1)).getMessage();
        assertTrue(message.contains("'" + Topics.TOPIC + "'"), message);
        assertThrows(UnknownTopicOrPartitionException.class, () -> send(Cluster.empty(), 1));
    }

    @Test
    void shouldTakeAppendsOfATopicThatIsGone() {
        if (partitioner instanceof LoadAware aware) {
            int partition = send(Topics.cluster(3), 1);
            for (int i = 0; i < 100; i++) {
                assertDoesNotThrow(() -> aware.appended(Topics.TOPIC, partition, 100, true, Topics.without()));
            }
            assertEquals(bits(0, 1, 2), sendMany(Topics.cluster(3)));
        }
    }

    @Test
    void shouldKeepTopicsApart() {
        Cluster cluster = Topics.cluster(3);
        for (int i = 0; i < 100; i++) {
            send(cluster, i);
            assertThrows(UnknownTopicOrPartitionException.class,
                    () -> partitioner.partition("unknown", null, null, null, null, cluster));
        }
    }

    @Test
    void shouldCloseTwice() {
        send(Topics.cluster(3), 1);
        partitioner.close();
        assertDoesNotThrow(partitioner::close);
    }

    @Test
    void shouldServeManyThreadsWhileMetadataChanges() throws Exception {
        Cluster[] snapshots = {Topics.cluster(3), Topics.cluster(6), Topics.cluster(6, Set.of(4)), Topics.cluster(2)};
        AtomicIntegerArray chosen = new AtomicIntegerArray(6);
        Threads.run(6, thread -> {
            for (int i = 0; i < 40_000; i++) {
                // Threads see a change at different times.
                Cluster cluster = snapshots[(i / 1000 + (i % 7 == thread ? 1 : 0)) % snapshots.length];
                int partition = send(cluster, i);
                assertTrue(partition < cluster.partitionCountForTopic(Topics.TOPIC), "out of range: " + partition);
                assertTrue(cluster.partitionsForTopic(Topics.TOPIC).get(partition).leader() != null,
                        "no leader: " + partition);
                chosen.incrementAndGet(partition);
            }
        });
        for (int p = 0; p < 6; p++) {
            assertTrue(chosen.get(p) > 0, "partition " + p + " was never chosen");
        }
    }
}
