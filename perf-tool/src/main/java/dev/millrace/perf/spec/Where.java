package dev.millrace.perf.spec;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where the records go: to a cluster that is there already, to the sink, or to brokers started for this run.
 *
 * @param bootstrapServers a cluster that is there already
 * @param sinkDelay the sink and how long it waits before it acknowledges; one that is there already, when
 *     {@code bootstrapServers} are given too
 * @param embeddedBrokers brokers to start when neither of the former is given
 * @param topic the user's own topic
 * @param partitions of a topic that has to be made
 * @param replicationFactor of a topic that has to be made
 */
public record Where(
        Optional<String> bootstrapServers,
        Optional<Duration> sinkDelay,
        int embeddedBrokers,
        Optional<String> topic,
        OptionalInt partitions,
        OptionalInt replicationFactor) {

    /** Partitions of a topic this tool makes when nobody says how many. */
    private static final int DEFAULT_PARTITIONS = 6;

    /** The same, when what is there already is a sink. */
    public Where asSink(Duration delay) {
        return new Where(bootstrapServers, Optional.of(delay), embeddedBrokers, topic, partitions, replicationFactor);
    }

    /** How many partitions a topic that has to be made gets. */
    public int partitionsToMake() {
        return partitions.orElse(DEFAULT_PARTITIONS);
    }
}
