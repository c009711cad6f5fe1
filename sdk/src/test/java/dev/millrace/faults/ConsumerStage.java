package dev.millrace.faults;

import java.util.Map;

/** Where consumers run under faults: brokers behind proxies, processes for members, and a watch over what they commit. For one thread. */
final class ConsumerStage implements AutoCloseable {

    static final int MEMBERS = 4;
    private static final int OFFSETS_PARTITIONS = 3;

    private final MemberPool pool = new MemberPool(MEMBERS);
    private final FaultCluster cluster;
    private final CommitWatch watch;

    /** @param brokers properties of the brokers */
    ConsumerStage(Map<String, String> brokers) throws Exception {
        cluster = FaultCluster.proxied(brokers);
        // Whoever asks for a coordinator first has the topic made.
        cluster.kafka().admin().listConsumerGroupOffsets("nobody").partitionsToOffsetAndMetadata().get();
        watch = new CommitWatch(cluster.kafka().bootstrapServers(), OFFSETS_PARTITIONS);
    }

    FaultCluster cluster() {
        return cluster;
    }

    CommitWatch watch() {
        return watch;
    }

    MemberPool pool() {
        return pool;
    }

    @Override
    public void close() {
        pool.close();
        watch.close();
        cluster.close();
    }
}
