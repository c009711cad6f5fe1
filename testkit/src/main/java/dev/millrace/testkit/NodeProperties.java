package dev.millrace.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler;

/** The server.properties of one node. Pure: the same input gives the same properties. */
final class NodeProperties {
    private static final String HOST = "127.0.0.1";

    private final ClusterSpec spec;
    private final ClusterPorts ports;
    private final int id;
    private final Map<String, String> properties = new TreeMap<>();

    private NodeProperties(ClusterSpec spec, ClusterPorts ports, int id) {
        this.spec = spec;
        this.ports = ports;
        this.id = id;
    }

    /**
     * @param tls null when no listener of the cluster has TLS
     * @param tokenKeys URL of the keys that verify tokens; null when no listener of the cluster has SASL
     * @param dataFolder where the node keeps its logs
     */
    static Map<String, String> of(ClusterSpec spec, ClusterPorts ports, int id, TlsFiles tls, String tokenKeys,
            String dataFolder) {
        NodeProperties node = new NodeProperties(spec, ports, id);
        node.put("log.dirs", dataFolder);
        node.identity();
        node.listeners();
        node.sizes();
        node.timing();
        if (tls != null) {
            node.tls(tls);
        }
        if (tokenKeys != null) {
            node.sasl(tokenKeys);
        }
        if (spec.authorizer()) {
            // Plain listeners know nobody's name: the brokers themselves and the cluster's own admin client.
            node.put("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
            node.put("super.users", "User:ANONYMOUS");
        }
        node.properties.putAll(spec.properties());
        return node.properties;
    }

    private void put(String key, Object value) {
        properties.put(key, value.toString());
    }

    private void identity() {
        List<String> roles = new ArrayList<>();
        if (spec.isBroker(id)) {
            roles.add("broker");
        }
        if (spec.isController(id)) {
            roles.add("controller");
        }
        put("process.roles", String.join(",", roles));
        put("node.id", id);
        put("controller.quorum.voters", spec.controllerIds().stream()
                .map(voter -> voter + "@" + HOST + ":" + ports.of(voter, ClusterPorts.CONTROLLER))
                .collect(Collectors.joining(",")));
        put("controller.listener.names", ClusterPorts.CONTROLLER);
    }

    private void listeners() {
        List<String> listeners = new ArrayList<>();
        List<String> advertised = new ArrayList<>();
        if (spec.isBroker(id)) {
            listeners.add(address(ClusterPorts.INTERNAL, ports.of(id, ClusterPorts.INTERNAL)));
            advertised.add(listeners.get(0));
            for (BrokerListener listener : spec.listeners()) {
                int port = ports.of(id, listener.name());
                boolean proxied = listener == BrokerListener.PLAINTEXT;
                listeners.add(address(listener.name(), port));
                advertised.add(address(listener.name(),
                        proxied ? spec.advertisedPorts().getOrDefault(id, port) : port));
            }
            put("advertised.listeners", String.join(",", advertised));
            put("inter.broker.listener.name", ClusterPorts.INTERNAL);
        }
        if (spec.isController(id)) {
            listeners.add(address(ClusterPorts.CONTROLLER, ports.of(id, ClusterPorts.CONTROLLER)));
        }
        put("listeners", String.join(",", listeners));
        List<String> protocols = new ArrayList<>(List.of("INTERNAL:PLAINTEXT", "CONTROLLER:PLAINTEXT"));
        spec.listeners().forEach(listener -> protocols.add(listener.name() + ":" + listener.protocol().name));
        put("listener.security.protocol.map", String.join(",", protocols));
    }

    private static String address(String listener, int port) {
        return listener + "://" + HOST + ":" + port;
    }

    /** Small, for several nodes share a machine with the tests; what a partition does is left alone. */
    private void sizes() {
        int replicas = Math.min(3, spec.brokers());
        int minIsr = Math.min(2, spec.brokers());
        put("num.network.threads", 2);
        put("num.io.threads", 4);
        put("background.threads", 2);
        put("log.cleaner.dedupe.buffer.size", 8 << 20);
        put("default.replication.factor", replicas);
        put("auto.create.topics.enable", false);
        put("offsets.topic.num.partitions", 3);
        put("offsets.topic.replication.factor", replicas);
        put("transaction.state.log.num.partitions", 3);
        put("transaction.state.log.replication.factor", replicas);
        put("transaction.state.log.min.isr", minIsr);
        put("share.coordinator.state.topic.num.partitions", 3);
        put("share.coordinator.state.topic.replication.factor", replicas);
        put("share.coordinator.state.topic.min.isr", minIsr);
    }

    /**
     * A killed broker may register again only when its former session is over: Kafka's 9 s make for a slow restart. 3 s
     * with six heartbeats in it is quick, and still no healthy broker is fenced for one long pause.
     */
    private void timing() {
        put("broker.session.timeout.ms", 3_000);
        put("broker.heartbeat.interval.ms", 500);
        put("group.initial.rebalance.delay.ms", 0);
        put("log.segment.delete.delay.ms", 1_000);
    }

    private void tls(TlsFiles tls) {
        put("ssl.keystore.type", TlsFiles.TYPE);
        put("ssl.keystore.location", tls.brokerKeys());
        put("ssl.keystore.password", TlsFiles.PASSWORD);
        put("ssl.key.password", TlsFiles.PASSWORD);
        put("ssl.truststore.type", TlsFiles.TYPE);
        put("ssl.truststore.location", tls.brokerTrust());
        put("ssl.truststore.password", TlsFiles.PASSWORD);
        if (spec.isBroker(id) && spec.listeners().contains(BrokerListener.MUTUAL_SSL)) {
            put("listener.name.mutual_ssl.ssl.client.auth", "required");
        }
        if (spec.isBroker(id) && spec.listeners().contains(BrokerListener.MISNAMED_SSL)) {
            put("listener.name.misnamed_ssl.ssl.keystore.location", tls.misnamedKeys());
        }
    }

    private void sasl(String tokenKeys) {
        if (!spec.isBroker(id)) {
            return;
        }
        String users = spec.users().entrySet().stream()
                .map(user -> " user_" + user.getKey() + "=\"" + user.getValue() + "\"").collect(Collectors.joining());
        for (BrokerListener listener : spec.listeners()) {
            if (listener.isSasl()) {
                String prefix = "listener.name." + listener.name().toLowerCase(Locale.ROOT) + ".";
                put(prefix + "sasl.enabled.mechanisms", Arrays.stream(SaslMechanism.values())
                        .map(SaslMechanism::kafkaName).collect(Collectors.joining(",")));
                for (SaslMechanism mechanism : SaslMechanism.values()) {
                    put(prefix + mechanism.kafkaName().toLowerCase(Locale.ROOT) + ".sasl.jaas.config",
                            mechanism.loginModule() + " required" + (mechanism == SaslMechanism.PLAIN ? users : "") + ";");
                }
                tokens(prefix + "oauthbearer.", tokenKeys);
            }
        }
    }

    private void tokens(String prefix, String tokenKeys) {
        put(prefix + "sasl.server.callback.handler.class", OAuthBearerValidatorCallbackHandler.class.getName());
        put(prefix + "sasl.oauthbearer.jwks.endpoint.url", tokenKeys);
        put(prefix + "sasl.oauthbearer.expected.issuer", TokenServer.ISSUER);
        put(prefix + "sasl.oauthbearer.expected.audience", TokenServer.AUDIENCE);
    }
}
