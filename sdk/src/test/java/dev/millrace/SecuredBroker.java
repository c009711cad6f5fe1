package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.SaslMechanism;
import dev.millrace.testkit.TokenServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The one broker with every listener and with access control that tests of this package share; it ends with this JVM.
 * {@link KafkaCluster#USER} and who shows the testkit's certificate may do all with topics called {@code open-*}.
 */
final class SecuredBroker {

    /** A password that nobody has. */
    static final String GUESS = "guessed-secret";
    /** May write to a topic {@code writers}, which brings the right to be idempotent with it, as brokers have it since 3.0. */
    static final String WRITER = "writer";
    /** May write nowhere. */
    static final String READER = "reader";
    /** May write nowhere, until a test allows it. */
    static final String GUEST = "guest";
    /** Where and how connections have to be authenticated again every 2 s. */
    static final BrokerListener REAUTHENTICATING_LISTENER = BrokerListener.SASL_SSL;
    static final SaslMechanism REAUTHENTICATING_MECHANISM = SaslMechanism.SCRAM_SHA_256;

    private static final KafkaCluster CLUSTER = start();
    private static final AtomicInteger TOPICS = new AtomicInteger();

    private SecuredBroker() {
    }

    private static KafkaCluster start() {
        KafkaCluster.Builder builder = KafkaCluster.builder().authorizer(true)
                .brokerProperty("listener.name.sasl_ssl.scram-sha-256.connections.max.reauth.ms", "2000")
                // Without it a connection outlives the token it was made with.
                .brokerProperty("listener.name.sasl_plaintext.oauthbearer.connections.max.reauth.ms", "3600000");
        for (String user : List.of(WRITER, READER, GUEST))
            builder.user(user, password(user));
        for (BrokerListener listener : BrokerListener.values())
            builder.listener(listener);
        KafkaCluster cluster = builder.start();
        allow(cluster, KafkaCluster.USER, "open-", AclOperation.ALL);
        allow(cluster, "CN=client", "open-", AclOperation.ALL);
        allow(cluster, WRITER, "writers", AclOperation.ALL);
        TokenServer.allowInThisJvm(cluster.tokens().endpoint());
        return cluster;
    }

    static KafkaCluster cluster() {
        return CLUSTER;
    }

    /** The right password of a user. */
    static String password(String user) {
        return user.equals(KafkaCluster.USER) ? KafkaCluster.PASSWORD : user + "-secret";
    }

    /** All passwords there are, of users and of key stores, and {@link #GUESS}. */
    static List<String> passwords() {
        return List.of(password(KafkaCluster.USER), password(WRITER), password(READER), password(GUEST), GUESS,
                "testkit-secret");
    }

    /** Makes a topic of a new name, one partition, which {@link KafkaCluster#USER} may write to. */
    static String newOpenTopic() {
        return newTopic("open");
    }

    /** Makes a topic of a new name, one partition. */
    static String newTopic(String prefix) {
        String topic = prefix + "-" + TOPICS.incrementAndGet();
        CLUSTER.createTopic(topic, 1, 1);
        // A broker tells of a leader a moment before it is one, and in that moment KafkaProducer can lose its first batch.
        CLUSTER.endOffsets(topic);
        return topic;
    }

    /** For a producer of strings without a user. */
    static Map<String, Object> config(BrokerListener listener) {
        return complete(CLUSTER.clientProperties(listener));
    }

    /** For a producer of strings as a user. */
    static Map<String, Object> config(BrokerListener listener, SaslMechanism mechanism, String user, String password) {
        return complete(CLUSTER.clientProperties(listener, mechanism, user, password));
    }

    /** For a producer of strings as a user who comes with a token that was left in a file. */
    static Map<String, Object> configWithTokenFile(Path folder, String token) {
        try {
            String url = Files.writeString(Files.createTempFile(folder, "token", ".jwt"), token).toUri().toString();
            TokenServer.allowInThisJvm(url);
            Map<String, Object> config = config(BrokerListener.SASL_PLAINTEXT, SaslMechanism.OAUTHBEARER, "nobody", GUESS);
            config.keySet().removeIf(key -> key.startsWith("sasl.oauthbearer.client"));
            config.put("sasl.oauthbearer.token.endpoint.url", url);
            return config;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For a producer of strings as a user who comes with a token by a login of his own. */
    static Map<String, Object> configWithOwnLogin(String token) {
        Map<String, Object> config = config(BrokerListener.SASL_PLAINTEXT, SaslMechanism.OAUTHBEARER, "nobody", GUESS);
        config.keySet().removeIf(key -> key.startsWith("sasl.oauthbearer."));
        config.put("sasl.login.callback.handler.class", OwnLogin.class.getName());
        config.put("sasl.jaas.config",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required token=\"" + token + "\";");
        return config;
    }

    private static Map<String, Object> complete(Map<String, Object> client) {
        Map<String, Object> config = new HashMap<>(client);
        config.put("key.serializer", StringSerializer.class.getName());
        config.put("value.serializer", StringSerializer.class.getName());
        return config;
    }

    /** Allows something with one topic, or, when the name ends with '-', with all that begin so; blocks until it is so. */
    static void allow(String user, String topics, AclOperation operation) {
        allow(CLUSTER, user, topics, operation);
    }

    /** Allows all with a transactional id or a group; blocks until it is so. */
    static void allow(String user, ResourceType type, String name) {
        allow(CLUSTER, user, new ResourcePattern(type, name, PatternType.LITERAL), AclOperation.ALL);
    }

    private static void allow(KafkaCluster cluster, String user, String topics, AclOperation operation) {
        PatternType type = topics.endsWith("-") ? PatternType.PREFIXED : PatternType.LITERAL;
        allow(cluster, user, new ResourcePattern(ResourceType.TOPIC, topics, type), operation);
    }

    /** Blocks until the broker, not just the controller, knows. */
    private static void allow(KafkaCluster cluster, String user, ResourcePattern resource, AclOperation operation) {
        AclBinding binding = new AclBinding(resource,
                new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW));
        try {
            cluster.admin().createAcls(List.of(binding)).all().get(30, TimeUnit.SECONDS);
            long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!cluster.admin().describeAcls(binding.toFilter()).values().get(30, TimeUnit.SECONDS).contains(binding)) {
                assertTrue(System.nanoTime() - deadlineNs < 0, () -> "the broker does not hear of " + binding);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        } catch (Exception e) {
            throw new IllegalStateException("could not allow " + binding, e);
        }
    }

    /** All records of a topic in their order, as {@code key=value}. */
    static List<String> read(String topic) {
        return TopicContents.all(CLUSTER, topic);
    }
}
