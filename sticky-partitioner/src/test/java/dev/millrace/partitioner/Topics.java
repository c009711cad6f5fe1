package dev.millrace.partitioner;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;

/** Metadata snapshots and seeds for the tests of this package. */
final class Topics {
    static final String TOPIC = "orders";
    private static final Node[] NODES = {
        new Node(1, "localhost", 1001), new Node(2, "localhost", 1002), new Node(3, "localhost", 1003)};

    private Topics() {
    }

    /** One topic with so many partitions; those in {@code leaderless} have no leader. */
    static Cluster cluster(int partitions, Set<Integer> leaderless) {
        List<PartitionInfo> infos = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            Node leader = leaderless.contains(p) ? null : NODES[p % NODES.length];
            infos.add(new PartitionInfo(TOPIC, p, leader, NODES, NODES));
        }
        return new Cluster("test", List.of(NODES), infos, Set.of(), Set.of());
    }

    static Cluster cluster(int partitions) {
        return cluster(partitions, Set.of());
    }

    /** A cluster that has never heard of the topic. */
    static Cluster without() {
        return cluster(0);
    }

    /** Says its seed, so that a failure can be run again. */
    static RandomGenerator random(String test, long seed) {
        System.out.println(test + ": seed " + seed);
        return new SplittableRandom(seed);
    }

    static StickyPartitioner sticky(RandomGenerator random, Map<String, ?> config) {
        Supplier<RandomGenerator> supplier = () -> random;
        StickyPartitioner partitioner = new StickyPartitioner(supplier);
        partitioner.configure(config);
        return partitioner;
    }

    /** What a partitioner says for a record without a key. */
    static int keyless(Partitioner partitioner, byte[] value, Cluster cluster) {
        return partitioner.partition(TOPIC, null, null, value, value, cluster);
    }
}
