package dev.millrace.testkit;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
        TokenServer tokens = null;
        try {
            TlsFiles tls = spec.needsTls()
                    ? TlsFiles.create(folder.path(), spec.listeners().contains(BrokerListener.MISNAMED_SSL)) : null;
            tokens = spec.needsSasl() ? TokenServer.start(folder.path(), spec.users()) : null;
            String tokenKeys = tokens == null ? null : tokens.keysUrl();
            String clusterId = Uuid.randomUuid().toString();
            for (int id : spec.nodeIds()) {
                Path home = folder.path().resolve("node-" + id);
                nodes.put(id, BrokerNode.create(id, home, NodeProperties.of(spec, ports, id, tls, tokenKeys,
                        home.resolve("data").toString()), jvm(spec, tokenKeys), clusterId, scramUsers(spec)));
            }
            nodes.values().forEach(BrokerNode::launch);
            nodes.values().forEach(BrokerNode::awaitReady);
            return new KafkaCluster(spec, ports, nodes, tls, tokens, folder);
        } catch (RuntimeException e) {
            nodes.values().forEach(BrokerNode::kill);
            if (tokens != null) {
                tokens.close();
            }
            folder.close();
            ports.close();
            throw e;
        }
    }

    private static List<String> scramUsers(ClusterSpec spec) {
        return !spec.needsSasl() ? List.of() : spec.users().entrySet().stream()
                .flatMap(user -> Stream.of(SaslMechanism.SCRAM_SHA_256, SaslMechanism.SCRAM_SHA_512).map(mechanism ->
                        mechanism.kafkaName() + "=[name=" + user.getKey() + ",password=" + user.getValue() + "]")).toList();
    }

    private static NodeJvm jvm(ClusterSpec spec, String tokenKeys) {
        return tokenKeys == null ? spec.jvm()
                : spec.jvm().withArgsBefore(List.of("-D" + TokenServer.ALLOWED_URLS + "=" + tokenKeys));
    }
}
