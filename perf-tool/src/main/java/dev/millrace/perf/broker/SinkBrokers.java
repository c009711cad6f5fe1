package dev.millrace.perf.broker;

import dev.millrace.testkit.SinkBroker;
import java.time.Duration;
import java.util.Locale;

/** The testkit's sink in a process of its own: acknowledges everything and stores nothing. Every topic exists in it. */
final class SinkBrokers implements Brokers {
    private final SinkBroker sink;
    private final Duration delay;

    private SinkBrokers(SinkBroker sink, Duration delay) {
        this.sink = sink;
        this.delay = delay;
    }

    /** Starts it; returns when it listens. */
    static SinkBrokers start(Duration delay, int partitions) {
        return new SinkBrokers(SinkBroker.builder().anyTopic(partitions).delay(delay).start(), delay);
    }

    @Override
    public String bootstrapServers() {
        return sink.bootstrapServers();
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
        sink.close();
    }
}
