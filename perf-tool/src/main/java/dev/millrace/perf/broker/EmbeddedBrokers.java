package dev.millrace.perf.broker;

import dev.millrace.testkit.KafkaCluster;

/** Real brokers in child processes, for one run. */
final class EmbeddedBrokers implements Brokers {
    private final KafkaCluster cluster;
    private final int count;

    private EmbeddedBrokers(KafkaCluster cluster, int count) {
        this.cluster = cluster;
        this.count = count;
    }

    /** Starts them; returns when they are ready. */
    static EmbeddedBrokers start(int count) {
        return new EmbeddedBrokers(KafkaCluster.builder().brokers(count).start(), count);
    }

    @Override
    public String bootstrapServers() {
        return cluster.bootstrapServers();
    }

    @Override
    public String description() {
        return count == 1 ? "1 embedded broker" : count + " embedded brokers";
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public boolean storeRecords() {
        return true;
    }

    @Override
    public void close() {
        cluster.close();
    }
}
