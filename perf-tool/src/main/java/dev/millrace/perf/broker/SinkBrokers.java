package dev.millrace.perf.broker;

import dev.millrace.testkit.SinkBroker;
import java.time.Duration;
import java.util.Locale;

/** The testkit's sink in a process of its own: acknowledges everything and stores nothing. Every topic exists in it. */
final class SinkBrokers implements Brokers {
    private final String bootstrapServers;
    private final Duration delay;
    /** Null for one that was there before and stays. */
    private final SinkBroker sink;

    private SinkBrokers(String bootstrapServers, Duration delay, SinkBroker sink) {
        this.bootstrapServers = bootstrapServers;
        this.delay = delay;
        this.sink = sink;
    }

    /** One that is there already. */
    static SinkBrokers at(String bootstrapServers, Duration delay) {
        return new SinkBrokers(bootstrapServers, delay, null);
    }

    /** Starts it; returns when it listens. */
    static SinkBrokers start(Duration delay, int partitions) {
        SinkBroker sink = SinkBroker.builder().anyTopic(partitions).delay(delay).start();
        return new SinkBrokers(sink.bootstrapServers(), delay, sink);
    }

    @Override
    public String bootstrapServers() {
        return bootstrapServers;
    }

    @Override
    public String description() {
        return delay.isZero()
                ? "the sink" : String.format(Locale.ROOT, "the sink, which waits %.3f ms", delay.toNanos() / 1e6);
    }

    @Override
    public int count() {
        return 1;
    }

    @Override
    public boolean storeRecords() {
        return false;
    }

    @Override
    public void close() {
        if (sink != null) {
            sink.close();
        }
    }
}
