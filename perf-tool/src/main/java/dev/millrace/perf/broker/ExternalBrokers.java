package dev.millrace.perf.broker;

/** A cluster that was there before the run and stays. */
final class ExternalBrokers implements Brokers {
    private final String bootstrapServers;

    ExternalBrokers(String bootstrapServers) {
        this.bootstrapServers = bootstrapServers;
    }

    @Override
    public String bootstrapServers() {
        return bootstrapServers;
    }

    @Override
    public String description() {
        return "the cluster at " + bootstrapServers;
    }

    @Override
    public int count() {
        return 0;
    }

    @Override
    public boolean storeRecords() {
        return true;
    }

    @Override
    public void close() {
        // Not ours to end.
    }
}
