package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.SaslMechanism;
import dev.millrace.testkit.TokenServer;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * All that a producer and kafka-clients log, at the finest level, and the text of every exception, while secrets of every kind
 * are in use: none of them is in it. In a JVM of its own, for levels of logging are chosen once.
 */
@Timeout(120)
class SecretsIT {

    private static final String SENT = "sent 1 record";
    private static final String REFUSED = "SaslAuthenticationException";
    private static final String NOT_MADE = "Failed to construct kafka producer";

    @TempDir
    private static Path folder;

    @Test
    void shouldKeepSecretsOutOfLogsAndMessages() throws Exception {
        Map<String, Object> pem = PemKeys.inPlaceOfStores(SecuredBroker.config(BrokerListener.MUTUAL_SSL));
        TokenServer tokens = SecuredBroker.cluster().tokens();
        String token = tokens.token(KafkaCluster.USER, Duration.ofMinutes(5));
        String expired = tokens.token(KafkaCluster.USER, Duration.ofMinutes(-5));
        Map<String, Object> wrongStore = withKeys(SaslMechanism.PLAIN, KafkaCluster.PASSWORD);
        wrongStore.put("ssl.keystore.password", SecuredBroker.GUESS);
        Map<String, Object> wrongKey = withKeys(SaslMechanism.PLAIN, KafkaCluster.PASSWORD);
        wrongKey.put("ssl.key.password", SecuredBroker.GUESS);
        Map<String, Object> unreadable = withKeys(SaslMechanism.PLAIN, KafkaCluster.PASSWORD);
        // What is wrong with it is that the end is missing.
        unreadable.computeIfPresent("sasl.jaas.config", (key, jaas) -> jaas.toString().replace(";", ""));

        Map<Map<String, Object>, String> expected = new LinkedHashMap<>();
        for (SaslMechanism mechanism : SaslMechanism.values()) {
            expected.put(withKeys(mechanism, KafkaCluster.PASSWORD), SENT);
            expected.put(withKeys(mechanism, SecuredBroker.GUESS),
                    mechanism == SaslMechanism.OAUTHBEARER ? NOT_MADE : REFUSED);
        }
        expected.put(SecuredBroker.configWithTokenFile(folder, token), SENT);
        expected.put(SecuredBroker.configWithTokenFile(folder, expired), REFUSED);
        expected.put(SecuredBroker.configWithOwnLogin(token), SENT);
        expected.put(SecuredBroker.configWithOwnLogin(expired), REFUSED);
        expected.put(pem, SENT);
        expected.put(wrongStore, NOT_MADE);
        expected.put(wrongKey, NOT_MADE);
        expected.put(unreadable, NOT_MADE);
        String output = outputOfChild(List.copyOf(expected.keySet()));

        // Run one after the other, each says what became of it.
        assertEquals(expected.values().stream().toList(), output.lines().filter(line -> line.startsWith("outcome "))
                .map(line -> expected.values().stream().filter(line::contains).findFirst().orElse(line)).toList());
        for (String logged : List.of("TRACE", "DEBUG", "sasl.jaas.config = [hidden]", "ssl.keystore.key = [hidden]",
                "ssl.key.password = [hidden]", "client.secret = [hidden]"))
            assertTrue(output.contains(logged), () -> "nothing of " + logged + " was logged, so this test sees nothing");
        Outcome.assertNoSecretIn(output);
        for (String secret : encoded(pem.get("ssl.keystore.key").toString()))
            assertFalse(output.contains(secret), () -> output.lines().filter(line -> line.contains(secret)).toList().toString());
    }

    /** Keys of the client's own are configured, though this listener does not ask for them. */
    private static Map<String, Object> withKeys(SaslMechanism mechanism, String password) {
        Map<String, Object> config = SecuredBroker.config(BrokerListener.MUTUAL_SSL);
        config.putAll(SecuredBroker.config(BrokerListener.SASL_SSL, mechanism, KafkaCluster.USER, password));
        return config;
    }

    /** Secrets in other forms than the one they are configured in. */
    private static List<String> encoded(String privateKey) {
        List<String> encoded = new ArrayList<>(privateKey.lines().filter(line -> !line.startsWith("-----")).toList());
        for (String password : SecuredBroker.passwords()) {
            byte[] credentials = (KafkaCluster.USER + ":" + password).getBytes(StandardCharsets.UTF_8);
            encoded.add(Base64.getEncoder().encodeToString(credentials));
        }
        return encoded;
    }

    private static String outputOfChild(List<Map<String, Object>> configs) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                "-D" + TokenServer.ALLOWED_URLS + "=" + System.getProperty(TokenServer.ALLOWED_URLS),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace",
                // The tests' own file of levels turns these off.
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=trace",
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.security.ssl.DefaultSslEngineFactory=trace",
                "-cp", System.getProperty("java.class.path"), SendOneMain.class.getName(), SecuredBroker.newOpenTopic()));
        for (int i = 0; i < configs.size(); i++)
            command.add(stored(configs.get(i), folder.resolve(i + ".properties")).toString());
        Path log = folder.resolve("output");
        Process child = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertTrue(child.waitFor(90, TimeUnit.SECONDS), "still alive after 90 s");
            return Files.readString(log);
        } finally {
            child.destroyForcibly();
        }
    }

    private static Path stored(Map<String, Object> config, Path file) throws Exception {
        Properties properties = new Properties();
        config.forEach((key, value) -> properties.setProperty(key, value.toString()));
        try (Writer writer = Files.newBufferedWriter(file)) {
            properties.store(writer, null);
        }
        return file;
    }
}
