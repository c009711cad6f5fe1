package dev.millrace.testkit;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What was asked of a {@link KafkaCluster.Builder}.
 *
 * @param brokers how many brokers, with ids from 1
 * @param dedicatedControllers how many controllers in processes of their own, with ids from 101; 0: each broker is a
 *         controller too
 * @param properties server properties that win over the testkit's own
 * @param jvm what every node's JVM is started with
 * @param listeners the listeners for clients
 * @param users user name to password, for SASL
 * @param authorizer whether access control is on
 * @param advertisedPorts broker id to the port its PLAINTEXT listener advertises in place of its own
 */
record ClusterSpec(int brokers, int dedicatedControllers, Map<String, String> properties, NodeJvm jvm,
        Set<BrokerListener> listeners, Map<String, String> users, boolean authorizer,
        Map<Integer, Integer> advertisedPorts) {
    static final int FIRST_BROKER = 1;
    static final int FIRST_CONTROLLER = 101;

    List<Integer> brokerIds() {
        return IntStream.range(0, brokers).mapToObj(i -> FIRST_BROKER + i).toList();
    }

    /** Nodes with the controller role. */
    List<Integer> controllerIds() {
        return dedicatedControllers == 0 ? brokerIds()
                : IntStream.range(0, dedicatedControllers).mapToObj(i -> FIRST_CONTROLLER + i).toList();
    }

    /** Every node: brokers, then the controllers that are none. */
    List<Integer> nodeIds() {
        return IntStream.concat(brokerIds().stream().mapToInt(Integer::intValue),
                controllerIds().stream().mapToInt(Integer::intValue)).distinct().boxed().toList();
    }

    boolean isBroker(int id) {
        return id >= FIRST_BROKER && id < FIRST_BROKER + brokers;
    }

    boolean isController(int id) {
        return controllerIds().contains(id);
    }

    boolean needsTls() {
        return listeners.stream().anyMatch(BrokerListener::isTls);
    }

    boolean needsSasl() {
        return listeners.stream().anyMatch(BrokerListener::isSasl);
    }
}
