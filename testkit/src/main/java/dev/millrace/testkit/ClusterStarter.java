package dev.millrace.testkit;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/** Turns a {@link ClusterSpec} into running processes. */
final class ClusterStarter {
    private static final int ATTEMPTS = 3;

    private ClusterStarter() {
    }

    /** Starts all nodes at once. When somebody took one of the ports in between, all is tried again with others. */
    static KafkaCluster start(ClusterSpec spec) {
        for (int attempt = 1;; attempt++) {
            try {
                return startOnce(spec);
            } catch (ChildProcessException e) {
                if (attempt == ATTEMPTS || !e.getMessage().contains("Address already in use")) {
                    throw e;
                }
            }
        }
    }

    private static KafkaCluster startOnce(ClusterSpec spec) {
        TempFolder folder = TempFolder.create();
        ClusterPorts ports = ClusterPorts.lease(spec);
        Map<Integer, BrokerNode> nodes = new LinkedHashMap<>();
        try {
            TlsFiles tls = spec.needsTls() ? TlsFiles.create(folder.path()) : null;
            String clusterId = Uuid.randomUuid().toString();
            for (int id : spec.nodeIds()) {
                Path home = folder.path().resolve("node-" + id);
                nodes.put(id, BrokerNode.create(id, home, NodeProperties.of(spec, ports, id, tls,
                        home.resolve("data").toString()), spec.jvmArgs(), clusterId, scramUsers(spec)));
            }
            nodes.values().forEach(BrokerNode::launch);
            nodes.values().forEach(BrokerNode::awaitReady);
            return new KafkaCluster(spec, ports, nodes, tls, folder);
        } catch (RuntimeException e) {
            nodes.values().forEach(BrokerNode::kill);
            folder.close();
            ports.close();
            throw e;
        }
    }

    private static List<String> scramUsers(ClusterSpec spec) {
        return !spec.needsSasl() ? List.of() : spec.users().entrySet().stream()
                .map(user -> "SCRAM-SHA-512=[name=" + user.getKey() + ",password=" + user.getValue() + "]").toList();
    }
}
