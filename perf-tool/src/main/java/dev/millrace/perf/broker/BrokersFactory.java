package dev.millrace.perf.broker;

import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.Where;

/** Finds or starts the brokers of a run. */
public final class BrokersFactory {
    private BrokersFactory() {
    }

    /**
     * Blocks until the brokers are ready, which for embedded ones takes some seconds.
     *
     * @throws RunFailedException when they cannot be started
     */
    public static Brokers open(Where where) {
        if (where.bootstrapServers().isPresent()) {
            return new ExternalBrokers(where.bootstrapServers().get());
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
