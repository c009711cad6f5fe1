package dev.millrace.perf.broker;

/** For runs that need no brokers. */
final class NoBrokers implements Brokers {
    /** Nothing is there. */
    @Override
    public String bootstrapServers() {
        return "127.0.0.1:9092";
    }

    @Override
    public String description() {
        return "no broker";
    }

    @Override
    public int count() {
        return 0;
    }

    @Override
    public boolean storeRecords() {
        return false;
    }

    @Override
    public void close() {
        // There is nothing.
    }
}
