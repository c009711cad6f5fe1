package dev.millrace.internal.producer.send;

import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.MockClient;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.utils.Time;

/**
 * Kafka's mock client, in whose {@link #poll} a test can let things happen as they do while a real sender sleeps, and which
 * sends no more to a connection than a real one would.
 */
class SteppedClient extends MockClient {

    /** What happens while the sender sleeps in the network client. */
    interface Sleep {
        /** Returns when the time is over or something came up. */
        void pass(long timeoutMs);
    }

    private final Time time;
    private Sleep sleep = timeoutMs -> { };
    private int maxInFlightPerConnection = Integer.MAX_VALUE;

    SteppedClient(Time time, ProducerMetadata metadata) {
        super(time, metadata);
        this.time = time;
    }

    /** @param cluster what a broker would say of the cluster; asked when a real client would ask */
    SteppedClient(Time time, ProducerMetadata metadata, Supplier<MetadataResponse> cluster) {
        super(time, new OnRequest(time, metadata, cluster));
        this.time = time;
    }

    void sleep(Sleep how, int maxInFlight) {
        sleep = how;
        maxInFlightPerConnection = maxInFlight;
    }

    @Override
    public boolean ready(Node node, long nowMs) {
        return super.ready(node, nowMs) && inFlightRequestCount(node.idString()) < maxInFlightPerConnection;
    }

    @Override
    public long pollDelayMs(Node node, long nowMs) {
        long delayMs = super.pollDelayMs(node, nowMs);
        // The mock is throttled for a millisecond longer than it tells; the real one is not, nor does it tell of 0.
        return delayMs == 0 ? 1 : delayMs;
    }

    @Override
    public List<ClientResponse> poll(long timeoutMs, long nowMs) {
        sleep.pass(timeoutMs);
        return super.poll(timeoutMs, time.milliseconds());
    }

    /** Answers at once, but not before metadata's own backoff is over. */
    private record OnRequest(Time time, ProducerMetadata metadata, Supplier<MetadataResponse> cluster)
            implements MockMetadataUpdater {
        @Override
        public List<Node> fetchNodes() {
            // A cluster shuffles them, which no seed could bring back.
            return metadata.fetch().nodes().stream().sorted(Comparator.comparingInt(Node::id)).toList();
        }

        @Override
        public boolean isUpdateNeeded() {
            return metadata.timeToNextUpdate(time.milliseconds()) == 0;
        }

        @Override
        public void update(Time at, MetadataUpdate update) {
            throw new UnsupportedOperationException("The cluster tells of itself");
        }

        @Override
        public void updateWithCurrentMetadata(Time at) {
            metadata.updateWithCurrentRequestVersion(cluster.get(), false, at.milliseconds());
        }

        @Override
        public void close() {
            metadata.close();
        }
    }
}
