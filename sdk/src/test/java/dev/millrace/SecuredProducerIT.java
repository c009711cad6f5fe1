package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.SaslMechanism;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A broker that asks who comes and what they may do: who may send can, and who may not hears what a KafkaProducer hears. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class SecuredProducerIT {

    private static final String GUESS = "guessed-secret";
    /** May write to one topic, which brings the right to be idempotent with it, as brokers have it since 3.0. */
    private static final String WRITER = "writer";
    private static final String WRITER_PASSWORD = "writer-secret";
    /** May write nowhere. */
    private static final String READER = "reader";
    private static final String READER_PASSWORD = "reader-secret";
    /** May write nowhere, until a test allows it. */
    private static final String GUEST = "guest";
    private static final String GUEST_PASSWORD = "guest-secret";
    /** All the passwords there are, of users and of key stores. */
    private static final List<String> SECRETS = List.of(KafkaCluster.PASSWORD, WRITER_PASSWORD, READER_PASSWORD,
            GUEST_PASSWORD, GUESS, "testkit-secret");

    private static KafkaCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        KafkaCluster.Builder builder = KafkaCluster.builder().authorizer(true).user(WRITER, WRITER_PASSWORD)
                .user(READER, READER_PASSWORD).user(GUEST, GUEST_PASSWORD);
        for (BrokerListener listener : BrokerListener.values())
            builder.listener(listener);
        cluster = builder.start();
        allow(KafkaCluster.USER, "open-", AclOperation.ALL);
        allow("CN=client", "open-", AclOperation.ALL);
        allow(WRITER, "writers", AclOperation.ALL);
    }

    @AfterAll
    static void stop() {
        if (cluster != null)
            cluster.close();
    }

    // ---------------------------------------------------------------- who may

    @ParameterizedTest
    @EnumSource(names = {"PLAINTEXT", "SSL", "MUTUAL_SSL"})
    void shouldDeliverWithoutAUser(BrokerListener listener) throws Exception {
        assertDelivers("open-" + listener, cluster.clientProperties(listener));
    }

    @ParameterizedTest
    @CsvSource({"SASL_PLAINTEXT,PLAIN", "SASL_PLAINTEXT,SCRAM_SHA_512", "SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_512"})
    void shouldDeliverAsAUser(BrokerListener listener, SaslMechanism mechanism) throws Exception {
        assertDelivers("open-" + listener + "-" + mechanism,
                cluster.clientProperties(listener, mechanism, KafkaCluster.USER, KafkaCluster.PASSWORD));
    }

    private static void assertDelivers(String topic, Map<String, Object> config) throws Exception {
        cluster.createTopic(topic, 1, 1);
        List<String> sent = new ArrayList<>();
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = producer(Client.MILLRACE, config)) {
            for (int i = 0; i < 100; i++) {
                // More than a TLS record holds, now and then.
                String value = ("value-" + i).repeat(i % 10 == 0 ? 3000 : 1);
                futures.add(producer.send(new ProducerRecord<>(topic, "key-" + i, value)));
                sent.add("key-" + i + "=" + value);
            }
        }
        for (int i = 0; i < 100; i++)
            assertEquals(i, futures.get(i).get().offset());
        assertEquals(sent, read(topic));
    }

    // ---------------------------------------------------------------- who may not come in

    @ParameterizedTest
    @CsvSource({"SASL_PLAINTEXT,PLAIN", "SASL_PLAINTEXT,SCRAM_SHA_512", "SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_512"})
    void shouldTellOfAWrongPassword(BrokerListener listener, SaslMechanism mechanism) {
        String topic = "open-wrong-password-" + listener + "-" + mechanism;
        cluster.createTopic(topic, 1, 1);
        assertBothFail(SaslAuthenticationException.class, topic,
                cluster.clientProperties(listener, mechanism, KafkaCluster.USER, GUESS));
    }

    @Test
    void shouldTellOfABrokersCertificateThatIsNotTrusted() {
        cluster.createTopic("open-untrusted", 1, 1);
        for (BrokerListener listener : List.of(BrokerListener.SSL, BrokerListener.SASL_SSL)) {
            Map<String, Object> config = cluster.clientProperties(listener);
            config.keySet().removeIf(key -> key.startsWith("ssl.truststore"));
            assertBothFail(SslAuthenticationException.class, "open-untrusted", config);
        }
    }

    @Test
    void shouldTellOfACertificateTheBrokerWantsAndDoesNotGet() {
        cluster.createTopic("open-unnamed", 1, 1);
        Map<String, Object> config = cluster.clientProperties(BrokerListener.MUTUAL_SSL);
        config.keySet().removeIf(key -> key.startsWith("ssl.key"));
        assertBothFail(SslAuthenticationException.class, "open-unnamed", config);
    }

    // ---------------------------------------------------------------- who may come in, and not do this

    @ParameterizedTest
    @EnumSource
    void shouldTellOfATopicThatMayNotEvenBeSeenAndSendWhenItMay(Client client) throws Exception {
        String topic = "unseen-" + client;
        cluster.createTopic(topic, 1, 1);
        assertFailsUntilAllowed(client, TopicAuthorizationException.class, topic, config(WRITER, WRITER_PASSWORD), WRITER);
    }

    @ParameterizedTest
    @CsvSource({"KAFKA,true", "KAFKA,false", "MILLRACE,true", "MILLRACE,false"})
    void shouldTellOfATopicThatMayOnlyBeSeenAndSendWhenItMay(Client client, boolean idempotent) throws Exception {
        Map<String, Object> config = config(WRITER, WRITER_PASSWORD);
        config.put("enable.idempotence", idempotent);
        String topic = "seen-" + client + "-" + idempotent;
        cluster.createTopic(topic, 1, 1);
        allow(WRITER, topic, AclOperation.DESCRIBE);
        assertFailsUntilAllowed(client, TopicAuthorizationException.class, topic, config, WRITER);
    }

    // Not with KafkaProducer: for a moment after the first failure its sends throw another exception, and now and then they do.
    @Test
    void shouldTellOfAnIdempotentWriteThatIsNotAllowedAndSendWhenItIs() throws Exception {
        cluster.createTopic("not-idempotent", 1, 1);
        allow(GUEST, "not-idempotent", AclOperation.DESCRIBE);
        // A right to write, to any topic at all, is the right to be idempotent: this user has none yet.
        assertFailsUntilAllowed(Client.MILLRACE, ClusterAuthorizationException.class, "not-idempotent",
                config(GUEST, GUEST_PASSWORD), GUEST);
    }

    @Test
    void shouldTellOfRightsThatAreMissingAsKafkaProducerDoes() throws Exception {
        cluster.createTopic("missing", 1, 1);
        assertBothFail(TopicAuthorizationException.class, "missing", config(WRITER, WRITER_PASSWORD));
        allow(WRITER, "missing", AclOperation.DESCRIBE);
        assertBothFail(TopicAuthorizationException.class, "missing", config(WRITER, WRITER_PASSWORD));
        allow(READER, "missing", AclOperation.READ);
        assertBothFail(ClusterAuthorizationException.class, "missing", config(READER, READER_PASSWORD));
    }

    /** One producer: it fails twice, and the third record goes through because an operator has come to its help. */
    private static void assertFailsUntilAllowed(Client client, Class<?> expected, String topic, Map<String, Object> config,
                                                String user) throws Exception {
        try (Producer<String, String> producer = producer(client, config)) {
            assertEquals(expected, send(producer, topic).error().getClass());
            assertEquals(expected, send(producer, topic).error().getClass());
            allow(user, topic, AclOperation.ALL);
            assertNull(send(producer, topic).error());
        }
        assertEquals(List.of("key=value"), read(topic));
    }

    // ---------------------------------------------------------------- the comparison

    /** What became of a record, and whether its sender heard of it by the future or by what send() threw. */
    private record Outcome(boolean thrown, Throwable error) {
    }

    private static void assertBothFail(Class<?> expected, String topic, Map<String, Object> config) {
        Outcome kafkas;
        Outcome ours;
        try (Producer<String, String> producer = producer(Client.KAFKA, config)) {
            kafkas = send(producer, topic);
        }
        try (Producer<String, String> producer = producer(Client.MILLRACE, config)) {
            ours = send(producer, topic);
        }
        assertNotNull(ours.error(), "the record was acknowledged");
        assertEquals(expected, kafkas.error().getClass());
        assertEquals(expected, ours.error().getClass());
        assertEquals(kafkas.thrown(), ours.thrown());
        assertEquals(kafkas.error().getMessage(), ours.error().getMessage());
        assertEquals(typeOf(kafkas.error().getCause()), typeOf(ours.error().getCause()));
        assertNoSecretIn(wholeText(ours.error()));
    }

    private static Class<?> typeOf(Throwable error) {
        return error == null ? null : error.getClass();
    }

    private static String wholeText(Throwable error) {
        StringWriter text = new StringWriter();
        error.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    private static Outcome send(Producer<String, String> producer, String topic) {
        AtomicReference<Exception> called = new AtomicReference<>();
        long startNs = System.nanoTime();
        Outcome outcome;
        try {
            Future<RecordMetadata> future = producer.send(new ProducerRecord<>(topic, "key", "value"),
                    (metadata, error) -> called.set(error));
            outcome = ended(future);
            assertSame(outcome.error(), called.get(), "the callback hears what the future tells");
        } catch (RuntimeException e) {
            outcome = new Outcome(true, e);
        }
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
        assertTrue(tookMs < 30_000, () -> "took " + tookMs + " ms");
        return outcome;
    }

    private static Outcome ended(Future<RecordMetadata> future) {
        try {
            future.get(30, TimeUnit.SECONDS);
            return new Outcome(false, null);
        } catch (ExecutionException e) {
            return new Outcome(false, e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("no end after 30 s", e);
        }
    }

    // ---------------------------------------------------------------- secrets

    /** In a JVM of its own, because levels of logging are chosen once; with all that debugging shows, and a password in use. */
    @ParameterizedTest
    @CsvSource({"SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_512"})
    void shouldLogNoPasswordEvenWhenDebugging(BrokerListener listener, SaslMechanism mechanism, @TempDir Path folder)
            throws Exception {
        String topic = "open-logged-" + mechanism;
        cluster.createTopic(topic, 1, 1);
        // The keys are not asked for here, but configured as where they are.
        Map<String, Object> config = cluster.clientProperties(BrokerListener.MUTUAL_SSL);
        config.putAll(cluster.clientProperties(listener, mechanism, KafkaCluster.USER, KafkaCluster.PASSWORD));
        String working = outputOfChild(topic, config, folder);
        assertTrue(working.contains("sent 1 record"), working);
        config.putAll(cluster.clientProperties(listener, mechanism, KafkaCluster.USER, GUESS));
        String refused = outputOfChild(topic, config, folder);
        assertTrue(refused.contains("SaslAuthenticationException"), refused);
        for (String output : List.of(working, refused)) {
            assertTrue(output.contains("sasl.jaas.config = [hidden]") && output.contains("DEBUG"), output);
            assertNoSecretIn(output);
        }
    }

    private static String outputOfChild(String topic, Map<String, Object> config, Path folder) throws Exception {
        Path properties = folder.resolve("client.properties");
        Path log = folder.resolve("output");
        Properties stored = new Properties();
        config.forEach((key, value) -> stored.setProperty(key, value.toString()));
        try (Writer writer = Files.newBufferedWriter(properties)) {
            stored.store(writer, null);
        }
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=debug",
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=debug",
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.security.ssl.DefaultSslEngineFactory=debug",
                "-cp", System.getProperty("java.class.path"), SendOneMain.class.getName(), properties.toString(), topic)
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertTrue(child.waitFor(60, TimeUnit.SECONDS), "still alive after a minute");
            return Files.readString(log);
        } finally {
            child.destroyForcibly();
        }
    }

    private static void assertNoSecretIn(String text) {
        for (String secret : SECRETS)
            assertFalse(text.contains(secret), () -> text.lines().filter(line -> line.contains(secret)).toList().toString());
    }

    // ---------------------------------------------------------------- clients and rights

    private static Map<String, Object> config(String user, String password) {
        return cluster.clientProperties(BrokerListener.SASL_PLAINTEXT, SaslMechanism.SCRAM_SHA_512, user, password);
    }

    private static Producer<String, String> producer(Client client, Map<String, Object> config) {
        Map<String, Object> complete = new HashMap<>(config);
        complete.put("key.serializer", StringSerializer.class);
        complete.put("value.serializer", StringSerializer.class);
        complete.put("max.block.ms", 10_000);
        return client.producer(complete);
    }

    private static List<String> read(String topic) {
        List<String> records = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", cluster.bootstrapServers(),
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class))) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (consumer.position(partition) < end) {
                assertTrue(System.nanoTime() - deadlineNs < 0, () -> "read " + records.size() + " of " + end);
                consumer.poll(Duration.ofMillis(500)).forEach(record -> records.add(record.key() + "=" + record.value()));
            }
        }
        return records;
    }

    /** Blocks until the broker, not just the controller, knows. */
    private static void allow(String user, String topics, AclOperation operation) throws Exception {
        PatternType type = topics.endsWith("-") ? PatternType.PREFIXED : PatternType.LITERAL;
        AclBinding binding = new AclBinding(new ResourcePattern(ResourceType.TOPIC, topics, type),
                new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW));
        cluster.admin().createAcls(List.of(binding)).all().get(30, TimeUnit.SECONDS);
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!cluster.admin().describeAcls(binding.toFilter()).values().get(30, TimeUnit.SECONDS).contains(binding)) {
            assertTrue(System.nanoTime() - deadlineNs < 0, () -> "the broker does not hear of " + binding);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
