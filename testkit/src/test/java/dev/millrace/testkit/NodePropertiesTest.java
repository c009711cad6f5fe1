package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NodePropertiesTest {
    private static final Set<BrokerListener> PLAIN = EnumSet.of(BrokerListener.PLAINTEXT);

    @Test
    void shouldMakeEveryBrokerAControllerWhenThereAreNoOthers() {
        ClusterSpec spec = spec(3, 0, Map.of(), PLAIN, Map.of());
        assertEquals(List.of(1, 2, 3), spec.nodeIds());
        withPorts(spec, ports -> {
            Map<String, String> node = of(spec, ports, 2);
            assertEquals("broker,controller", node.get("process.roles"));
            assertEquals("2", node.get("node.id"));
            assertEquals("1@127.0.0.1:" + ports.of(1, "CONTROLLER") + ",2@127.0.0.1:" + ports.of(2, "CONTROLLER")
                    + ",3@127.0.0.1:" + ports.of(3, "CONTROLLER"), node.get("controller.quorum.voters"));
            assertEquals("3", node.get("offsets.topic.replication.factor"));
            assertEquals("2", node.get("transaction.state.log.min.isr"));
        });
    }

    @Test
    void shouldTellBrokersFromDedicatedControllers() {
        ClusterSpec spec = spec(2, 1, Map.of(), PLAIN, Map.of());
        assertEquals(List.of(1, 2, 101), spec.nodeIds());
        withPorts(spec, ports -> {
            Map<String, String> broker = of(spec, ports, 1);
            assertEquals("broker", broker.get("process.roles"));
            assertFalse(broker.get("listeners").contains("CONTROLLER://"));
            Map<String, String> controller = of(spec, ports, 101);
            assertEquals("controller", controller.get("process.roles"));
            assertEquals("CONTROLLER://127.0.0.1:" + ports.of(101, "CONTROLLER"), controller.get("listeners"));
            assertNull(controller.get("advertised.listeners"));
        });
    }

    @Test
    void shouldAdvertiseTheProxyToClientsOnly() {
        ClusterSpec spec = spec(2, 0, Map.of(), PLAIN, Map.of(2, 4711));
        withPorts(spec, ports -> {
            Map<String, String> proxied = of(spec, ports, 2);
            assertTrue(proxied.get("listeners").contains("PLAINTEXT://127.0.0.1:" + ports.of(2, "PLAINTEXT")));
            assertEquals("INTERNAL://127.0.0.1:" + ports.of(2, "INTERNAL") + ",PLAINTEXT://127.0.0.1:4711",
                    proxied.get("advertised.listeners"));
            assertFalse(of(spec, ports, 1).get("advertised.listeners").contains("4711"));
        });
    }

    @Test
    void shouldLetTheUsersPropertyWin() {
        ClusterSpec spec = spec(1, 0, Map.of("auto.create.topics.enable", "true", "my.own", "x"), PLAIN, Map.of());
        withPorts(spec, ports -> {
            assertEquals("true", of(spec, ports, 1).get("auto.create.topics.enable"));
            assertEquals("x", of(spec, ports, 1).get("my.own"));
        });
    }

    @Test
    void shouldGiveEverySaslListenerAllMechanisms() {
        ClusterSpec spec = spec(1, 0, Map.of(), EnumSet.of(BrokerListener.PLAINTEXT, BrokerListener.SASL_PLAINTEXT),
                Map.of());
        withPorts(spec, ports -> {
            Map<String, String> node = of(spec, ports, 1);
            assertEquals("PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
                    node.get("listener.name.sasl_plaintext.sasl.enabled.mechanisms"));
            assertEquals("file:///keys",
                    node.get("listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.jwks.endpoint.url"));
            assertEquals("org.apache.kafka.common.security.scram.ScramLoginModule required;",
                    node.get("listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config"));
            assertTrue(node.get("listener.name.sasl_plaintext.plain.sasl.jaas.config").contains("user_u=\"p\""));
            assertTrue(node.get("listener.security.protocol.map").contains("SASL_PLAINTEXT:SASL_PLAINTEXT"));
        });
    }

    private interface WithPorts {
        void run(ClusterPorts ports);
    }

    private static void withPorts(ClusterSpec spec, WithPorts test) {
        try (ClusterPorts ports = ClusterPorts.lease(spec)) {
            test.run(ports);
        }
    }

    private static Map<String, String> of(ClusterSpec spec, ClusterPorts ports, int id) {
        return NodeProperties.of(spec, ports, id, null, spec.needsSasl() ? "file:///keys" : null, "/data");
    }

    private static ClusterSpec spec(int brokers, int controllers, Map<String, String> properties,
            Set<BrokerListener> listeners, Map<Integer, Integer> advertised) {
        return new ClusterSpec(brokers, controllers, properties, new NodeJvm(null, List.of()), listeners, Map.of("u", "p"), false,
                advertised);
    }
}
