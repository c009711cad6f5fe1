package dev.millrace.perf.broker;

import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.Where;

/** Finds or starts the brokers of a run. */
public final class BrokersFactory {
    private BrokersFactory() {
    }

    /** For runs that need none. */
    public static Brokers none() {
        return new NoBrokers();
    }

    /**
     * Blocks until the brokers are ready, which for embedded ones takes some seconds.
     *
     * @throws RunFailedException when they cannot be started
     */
    public static Brokers open(Where where) {
        if (where.bootstrapServers().isPresent()) {
            String bootstrapServers = where.bootstrapServers().get();
            return where.sinkDelay().<Brokers>map(delay -> SinkBrokers.at(bootstrapServers, delay))
                    .orElseGet(() -> new ExternalBrokers(bootstrapServers));
        }
        try {
            if (where.sinkDelay().isPresent()) {
                return SinkBrokers.start(where.sinkDelay().get(), where.partitionsToMake());
            }
            return EmbeddedBrokers.start(where.embeddedBrokers());
        } catch (RuntimeException e) {
            String what = where.sinkDelay().isPresent() ? "the sink" : "the embedded brokers";
            throw new RunFailedException(what + " did not start: " + e.getMessage(), e);
        }
    }
}
