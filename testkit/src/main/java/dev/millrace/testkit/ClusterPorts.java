package dev.millrace.testkit;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The ports of a cluster: one for each listener of each node, fixed for the cluster's life. Not thread-safe while it is
 * made; only read afterwards.
 */
final class ClusterPorts implements AutoCloseable {
    /** Between brokers, and for the cluster's own admin client: never advertised as anything else. */
    static final String INTERNAL = "INTERNAL";
    static final String CONTROLLER = "CONTROLLER";

    private final Map<String, Integer> ports = new HashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    static ClusterPorts lease(ClusterSpec spec) {
        ClusterPorts ports = new ClusterPorts();
        for (int id : spec.nodeIds()) {
            if (spec.isController(id)) {
                ports.add(id, CONTROLLER);
            }
            if (spec.isBroker(id)) {
                ports.add(id, INTERNAL);
                spec.listeners().forEach(listener -> ports.add(id, listener.name()));
            }
        }
        return ports;
    }

    private void add(int id, String listener) {
        ports.put(id + listener, LoopbackPorts.lease());
    }

    /** The port of a listener, which the node must have. */
    int of(int id, String listener) {
        return ports.get(id + listener);
    }

    /** Gives all ports back, once: by a second time they may be somebody else's. */
    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            ports.values().forEach(LoopbackPorts::release);
        }
    }
}
