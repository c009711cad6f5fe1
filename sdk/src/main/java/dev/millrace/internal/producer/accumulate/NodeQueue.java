package dev.millrace.internal.producer.accumulate;

import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;

/** The partitions with something ready for one broker, in turn. */
public final class NodeQueue {

    /**
     * With one request at a time, records wait for a whole round trip; with four, for a quarter of it. Measured with a round trip
     * of 2.5 ms, half of the records were answered within 2.85 ms with four and 3.02 ms with three, for the same CPU. Not five:
     * as many as {@code max.in.flight.requests.per.connection} allows by default, it would be {@code linger.ms=0}.
     */
    private static final int IDLE_BELOW = 4;

    private final int nodeId;

    /** Sender thread only. */
    final ArrayDeque<PartitionQueue> partitions = new ArrayDeque<>();

    /** Partitions with an open batch that waits for linger or for the broker to have less to do; sender thread only. */
    final Set<PartitionQueue> lingering = new LinkedHashSet<>();
    /** Sender thread only. */
    private int requestsInFlight;

    /** When data were ready for the broker, and when it last could take some, ms; sender thread writes, partitioners read. */
    private volatile long readyMs;
    private volatile long drainableMs;

    NodeQueue(int nodeId) {
        this.nodeId = nodeId;
    }

    public int nodeId() {
        return nodeId;
    }

    public boolean isEmpty() {
        return partitions.isEmpty();
    }

    /** A produce request goes out. */
    public void requestSent() {
        requestsInFlight++;
    }

    /** It was answered, or will not be. */
    void requestDone() {
        requestsInFlight--;
    }

    /** So little is on its way that what is sent now is answered soon, and nothing is gained by waiting. */
    boolean isIdle() {
        return requestsInFlight < IDLE_BELOW;
    }

    /** Notes that there are data for the broker, and whether it can take them. */
    public void observe(boolean canDrain, long nowMs) {
        // The later one first: a reader between the two must not see a gap that is not there.
        if (canDrain || drainableMs == 0)
            drainableMs = nowMs;
        readyMs = nowMs;
    }

    /** For how long there were data and the broker took none, in ms (KIP-794). */
    long stalledMs() {
        long ready = readyMs;
        return ready - drainableMs;
    }
}
