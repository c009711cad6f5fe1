package dev.millrace.internal.producer.accumulate;

import java.util.ArrayDeque;

/** The partitions with something ready for one broker, in turn. */
public final class NodeQueue {

    private final int nodeId;

    /** Sender thread only. */
    final ArrayDeque<PartitionQueue> partitions = new ArrayDeque<>();

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
