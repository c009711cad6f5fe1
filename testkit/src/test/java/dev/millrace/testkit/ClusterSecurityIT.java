package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One broker with every listener there is, and access control. */
class ClusterSecurityIT {
    @TempDir
    private static Path folder;
    private static KafkaCluster cluster;

    @BeforeAll
    static void start() {
        KafkaCluster.Builder builder = KafkaCluster.builder().authorizer(true).user("stranger", "stranger-secret");
        for (BrokerListener listener : BrokerListener.values()) {
            builder.listener(listener);
        }
        cluster = builder.start();
        TokenServer.allowInThisJvm(cluster.tokens().endpoint());
        allow("User:" + KafkaCluster.USER);
        allow("User:late");
        allow("User:CN=client");
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAINTEXT", "SSL", "MUTUAL_SSL"})
    void shouldCarryRecordsWithoutAUser(BrokerListener listener) {
        assertWorks("to-" + listener, cluster.clientProperties(listener));
    }

    @ParameterizedTest
    @CsvSource({"SASL_PLAINTEXT,PLAIN", "SASL_PLAINTEXT,SCRAM_SHA_256", "SASL_PLAINTEXT,SCRAM_SHA_512",
        "SASL_PLAINTEXT,OAUTHBEARER", "SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_256", "SASL_SSL,SCRAM_SHA_512",
        "SASL_SSL,OAUTHBEARER"})
    void shouldCarryRecordsOfAUser(BrokerListener listener, SaslMechanism mechanism) {
        assertWorks("to-" + listener + mechanism,
                cluster.clientProperties(listener, mechanism, KafkaCluster.USER, KafkaCluster.PASSWORD));
    }

    @ParameterizedTest
    @CsvSource({"SASL_PLAINTEXT,PLAIN", "SASL_PLAINTEXT,SCRAM_SHA_512", "SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_256"})
    void shouldRefuseAWrongPassword(BrokerListener listener, SaslMechanism mechanism) {
        assertThrows(SaslAuthenticationException.class, () -> ask(
                cluster.clientProperties(listener, mechanism, KafkaCluster.USER, "guessed")));
    }

    @Test
    void shouldGiveNoTokenForAWrongPassword() {
        long before = cluster.tokens().issued();
        Map<String, Object> client = cluster.clientProperties(BrokerListener.SASL_PLAINTEXT, SaslMechanism.OAUTHBEARER,
                KafkaCluster.USER, "guessed");
        assertThrows(KafkaException.class, () -> ask(client));
        assertEquals(before, cluster.tokens().issued());
    }

    @Test
    void shouldRefuseTokensThatAreNotValid() {
        TokenServer tokens = cluster.tokens();
        assertWorks("to-valid-token", withToken(tokens.token(KafkaCluster.USER, Duration.ofMinutes(5))));
        assertThrows(SaslAuthenticationException.class,
                () -> ask(withToken(tokens.token(KafkaCluster.USER, Duration.ofMinutes(-5)))));
        assertThrows(SaslAuthenticationException.class,
                () -> ask(withToken(tokens.forgedToken(KafkaCluster.USER, Duration.ofMinutes(5)))));
    }

    private static Map<String, Object> withToken(String token) {
        try {
            Path file = Files.writeString(Files.createTempFile(folder, "token", ".jwt"), token);
            Map<String, Object> client = cluster.clientProperties(BrokerListener.SASL_PLAINTEXT,
                    SaslMechanism.OAUTHBEARER, KafkaCluster.USER, KafkaCluster.PASSWORD);
            client.put("sasl.oauthbearer.token.endpoint.url", file.toUri().toString());
            TokenServer.allowInThisJvm(file.toUri().toString());
            return client;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldNotBeTrustedUnderAnotherName() {
        Map<String, Object> client = cluster.clientProperties(BrokerListener.MISNAMED_SSL);
        assertThrows(SslAuthenticationException.class, () -> ask(new HashMap<>(client)));
        client.put("ssl.endpoint.identification.algorithm", "");
        ask(client);
    }

    @Test
    void shouldWantACertificateOnTheMutualListener() {
        Map<String, Object> noCertificate = cluster.clientProperties(BrokerListener.MUTUAL_SSL);
        noCertificate.keySet().removeIf(key -> key.startsWith("ssl.key"));
        assertThrows(SslAuthenticationException.class, () -> ask(noCertificate));
    }

    @Test
    void shouldNotBeTrustedByAClientThatDoesNotKnowItsCertificate() {
        Map<String, Object> noTrust = cluster.clientProperties(BrokerListener.SSL);
        noTrust.keySet().removeIf(key -> key.startsWith("ssl.truststore"));
        assertThrows(SslAuthenticationException.class, () -> ask(noTrust));
    }

    @Test
    void shouldTakeAUserAddedLater() {
        cluster.setScramUser("late", "late-secret");
        assertWorks("to-late", cluster.clientProperties(BrokerListener.SASL_PLAINTEXT, SaslMechanism.SCRAM_SHA_512,
                "late", "late-secret"));
    }

    @Test
    void shouldAllowNothingToAUserWithoutAcls() {
        cluster.createTopic("to-stranger", 1, 1);
        assertThrows(TopicAuthorizationException.class, () -> Records.send(cluster.clientProperties(
                BrokerListener.SASL_PLAINTEXT, SaslMechanism.PLAIN, "stranger", "stranger-secret"), "to-stranger",
                List.of("a")));
    }

    @Test
    void shouldSayThatOnlySaslListenersHaveUsers() {
        assertThrows(IllegalArgumentException.class, () -> cluster.clientProperties(BrokerListener.SSL,
                SaslMechanism.PLAIN, "a", "b"));
    }

    private static void assertWorks(String topic, Map<String, Object> client) {
        cluster.createTopic(topic, 1, 1);
        Records.send(client, topic, List.of("a", "b"));
        assertEquals(List.of("a", "b"), Records.read(client, topic, 2));
    }

    private static void ask(Map<String, Object> client) {
        client.put("default.api.timeout.ms", 20_000);
        client.put("request.timeout.ms", 10_000);
        try (Admin admin = Admin.create(client)) {
            Waiting.ask("list topics", () -> admin.listTopics().names());
        }
    }

    private static void allow(String principal) {
        ResourcePattern topics = new ResourcePattern(ResourceType.TOPIC, "to-", PatternType.PREFIXED);
        AccessControlEntry all = new AccessControlEntry(principal, "*", AclOperation.ALL, AclPermissionType.ALLOW);
        Waiting.ask("add an ACL", () -> cluster.admin().createAcls(List.of(new AclBinding(topics, all))).all());
    }
}
