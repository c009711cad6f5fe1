package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings of security that cannot work are refused where and as {@code KafkaProducer} refuses them, and secrets are not told. */
class SecurityRejectionTest {

    private static final String RIGHT = "right-secret";
    private static final String WRONG = "guessed-secret";
    private static final String JAAS = "sasl.jaas.config";
    private static final String PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule";
    private static final String BEARER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;";

    @TempDir
    private static Path folder;
    private static String store;

    @BeforeAll
    static void makeStore() throws IOException, GeneralSecurityException {
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        Path file = folder.resolve("store.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            empty.store(out, RIGHT.toCharArray());
        }
        store = file.toString();
    }

    static Stream<Arguments> rejected() {
        return Stream.of(
                of("a trust store with another password", "security.protocol", "SSL", "ssl.truststore.type", "PKCS12",
                        "ssl.truststore.location", store, "ssl.truststore.password", WRONG),
                of("a trust store of another type", "security.protocol", "SSL", "ssl.truststore.type", "JKS",
                        "ssl.truststore.location", Path.of("pom.xml").toString(), "ssl.truststore.password", RIGHT),
                of("a key store with another password", "security.protocol", "SSL", "ssl.keystore.type", "PKCS12",
                        "ssl.keystore.location", store, "ssl.keystore.password", WRONG, "ssl.key.password", RIGHT),
                of("a private key that is none", "security.protocol", "SSL", "ssl.keystore.type", "PEM",
                        "ssl.keystore.key", pem("PRIVATE KEY"), "ssl.keystore.certificate.chain", pem("CERTIFICATE")),
                of("an encrypted key that is none", "security.protocol", "SSL", "ssl.keystore.type", "PEM",
                        "ssl.keystore.key", pem("ENCRYPTED PRIVATE KEY"), "ssl.key.password", WRONG,
                        "ssl.keystore.certificate.chain", pem("CERTIFICATE")),
                of("a key without its certificate", "security.protocol", "SSL", "ssl.keystore.type", "PEM",
                        "ssl.keystore.key", pem("PRIVATE KEY")),
                of("trusted certificates that are none", "security.protocol", "SSL", "ssl.truststore.type", "PEM",
                        "ssl.truststore.certificates", pem("CERTIFICATE")),
                of("a protocol of TLS that is none", "security.protocol", "SSL", "ssl.protocol", "TLSv9"),
                of("a login that has no end", JAAS, PLAIN + " required username=\"u\" password=\"" + RIGHT + "\""),
                of("a login without a flag", JAAS, PLAIN + " username=\"u\" password=\"" + RIGHT + "\";"),
                of("a login with an option without a value", JAAS, PLAIN + " required username=\"u\" password;"),
                of("two logins", JAAS, (PLAIN + " required username=\"u\" password=\"" + RIGHT + "\";").repeat(2)),
                of("a login module that is not there", JAAS, "no.such.Module required password=\"" + RIGHT + "\";"),
                of("a login handler that is none", "sasl.login.callback.handler.class", String.class, JAAS,
                        PLAIN + " required username=\"u\" password=\"" + RIGHT + "\";"),
                bearer("tokens from nowhere"),
                bearer("tokens from a place that is not allowed", "sasl.oauthbearer.token.endpoint.url",
                        "http://127.0.0.1:1/token"),
                bearer("tokens from a place of no known kind", "sasl.oauthbearer.token.endpoint.url", "ftp://127.0.0.1/token"),
                bearer("a retriever that is none", "sasl.oauthbearer.jwt.retriever.class", String.class.getName()));
    }

    private static String pem(String what) {
        return "-----BEGIN " + what + "-----\nbm90IGEga2V5IGF0IGFsbCwganVzdCB0ZXh0\n-----END " + what + "-----\n";
    }

    private static Arguments bearer(String name, String... keysAndValues) {
        Object[] all = new Object[keysAndValues.length + 10];
        System.arraycopy(new Object[] {"sasl.mechanism", "OAUTHBEARER", JAAS, BEARER,
            "sasl.login.callback.handler.class",
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
            "sasl.oauthbearer.client.credentials.client.id", "u",
            "sasl.oauthbearer.client.credentials.client.secret", RIGHT}, 0, all, 0, 10);
        System.arraycopy(keysAndValues, 0, all, 10, keysAndValues.length);
        return of(name, all);
    }

    private static Arguments of(String name, Object... keysAndValues) {
        Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", "localhost:1",
                "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN",
                "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class));
        for (int i = 0; i < keysAndValues.length; i += 2)
            configs.put((String) keysAndValues[i], keysAndValues[i + 1]);
        return arguments(name, configs);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void rejected(String name, Map<String, Object> configs) {
        Throwable kafkas = rejection(Client.KAFKA, configs);
        Throwable ours = rejection(Client.MILLRACE, configs);
        assertEquals(Outcome.chain(kafkas), Outcome.chain(ours));
        for (String secret : List.of(RIGHT, WRONG, "bm90IGEga2V5"))
            assertFalse(Outcome.text(ours).contains(secret), () -> Outcome.text(ours));
    }

    private static Throwable rejection(Client client, Map<String, Object> configs) {
        return assertThrows(KafkaException.class, () -> client.producer(configs).close());
    }
}
