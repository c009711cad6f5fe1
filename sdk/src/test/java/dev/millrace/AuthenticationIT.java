package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.SaslMechanism;
import dev.millrace.testkit.TokenServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A broker that asks who comes: who can tell sends records, and who cannot hears what a {@code KafkaProducer} hears. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class AuthenticationIT {

    private static final Duration ALIVE = Duration.ofMinutes(5);
    private static final Duration EXPIRED = Duration.ofMinutes(-5);

    @TempDir
    private static Path folder;

    // ---------------------------------------------------------------- who may come in

    @ParameterizedTest
    @EnumSource(names = {"PLAINTEXT", "SSL", "MUTUAL_SSL"})
    void shouldDeliverWithoutAUser(BrokerListener listener) throws Exception {
        assertDelivers(SecuredBroker.config(listener));
    }

    @Test
    void shouldDeliverWithKeysAndCertificatesInTheConfiguration() throws Exception {
        assertDelivers(PemKeys.inPlaceOfStores(SecuredBroker.config(BrokerListener.MUTUAL_SSL)));
    }

    @Test
    void shouldDeliverToABrokerWithAnotherNameWhenNamesAreNotCompared() throws Exception {
        Map<String, Object> config = SecuredBroker.config(BrokerListener.MISNAMED_SSL);
        // Whoever comes without a certificate is nobody, and may do everything here.
        config.put("ssl.endpoint.identification.algorithm", "");
        assertDelivers(config);
    }

    @ParameterizedTest
    @CsvSource({"SASL_PLAINTEXT,PLAIN", "SASL_PLAINTEXT,SCRAM_SHA_256", "SASL_PLAINTEXT,SCRAM_SHA_512",
        "SASL_PLAINTEXT,OAUTHBEARER", "SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_256", "SASL_SSL,SCRAM_SHA_512",
        "SASL_SSL,OAUTHBEARER"})
    void shouldDeliverAsAUser(BrokerListener listener, SaslMechanism mechanism) throws Exception {
        assertDelivers(SecuredBroker.config(listener, mechanism, KafkaCluster.USER, KafkaCluster.PASSWORD));
    }

    @Test
    void shouldDeliverWithATokenFromAFile() throws Exception {
        assertDelivers(SecuredBroker.configWithTokenFile(folder, tokens().token(KafkaCluster.USER, ALIVE)));
    }

    @Test
    void shouldDeliverWithATokenFromALoginOfTheUsersOwn() throws Exception {
        assertDelivers(SecuredBroker.configWithOwnLogin(tokens().token(KafkaCluster.USER, ALIVE)));
    }

    private static TokenServer tokens() {
        return SecuredBroker.cluster().tokens();
    }

    private static void assertDelivers(Map<String, Object> config) throws Exception {
        String topic = SecuredBroker.newOpenTopic();
        List<String> sent = new ArrayList<>();
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = Client.MILLRACE.producer(config)) {
            for (int i = 0; i < 100; i++) {
                // More than a TLS record holds, now and then.
                String value = ("value-" + i).repeat(i % 10 == 0 ? 3000 : 1);
                futures.add(producer.send(new ProducerRecord<>(topic, "key-" + i, value)));
                sent.add("key-" + i + "=" + value);
            }
        }
        for (int i = 0; i < 100; i++)
            assertEquals(i, futures.get(i).get().offset());
        assertEquals(sent, SecuredBroker.read(topic));
    }

    // ---------------------------------------------------------------- who may not

    @ParameterizedTest
    @CsvSource({"SASL_PLAINTEXT,PLAIN", "SASL_PLAINTEXT,SCRAM_SHA_256", "SASL_PLAINTEXT,SCRAM_SHA_512",
        "SASL_SSL,PLAIN", "SASL_SSL,SCRAM_SHA_256", "SASL_SSL,SCRAM_SHA_512"})
    void shouldTellOfAWrongPassword(BrokerListener listener, SaslMechanism mechanism) {
        assertRefused(SaslAuthenticationException.class,
                SecuredBroker.config(listener, mechanism, KafkaCluster.USER, SecuredBroker.GUESS));
    }

    @ParameterizedTest
    @EnumSource(names = {"SSL", "SASL_SSL"})
    void shouldTellOfABrokersCertificateThatIsNotTrusted(BrokerListener listener) {
        Map<String, Object> config = SecuredBroker.config(listener);
        config.keySet().removeIf(key -> key.startsWith("ssl.truststore"));
        assertRefused(SslAuthenticationException.class, config);
    }

    @Test
    void shouldTellOfABrokersCertificateForAnotherHost() {
        assertRefused(SslAuthenticationException.class, SecuredBroker.config(BrokerListener.MISNAMED_SSL));
    }

    @Test
    void shouldTellOfACertificateTheBrokerWantsAndDoesNotGet() {
        Map<String, Object> config = SecuredBroker.config(BrokerListener.MUTUAL_SSL);
        config.keySet().removeIf(key -> key.startsWith("ssl.key"));
        assertRefused(SslAuthenticationException.class, config);
    }

    @Test
    void shouldTellOfATokenThatHasExpired() {
        String expired = tokens().token(KafkaCluster.USER, EXPIRED);
        assertRefused(SaslAuthenticationException.class, SecuredBroker.configWithTokenFile(folder, expired));
        assertRefused(SaslAuthenticationException.class, SecuredBroker.configWithOwnLogin(expired));
    }

    @Test
    void shouldTellOfATokenThatNobodyTheBrokerTrustsHasSigned() {
        assertRefused(SaslAuthenticationException.class,
                SecuredBroker.configWithOwnLogin(tokens().forgedToken(KafkaCluster.USER, ALIVE)));
    }

    @Test
    void shouldTellAtOnceOfAPasswordThatGivesNoToken() {
        Outcome.assertConstructorFails(KafkaException.class, SecuredBroker.config(BrokerListener.SASL_PLAINTEXT,
                SaslMechanism.OAUTHBEARER, KafkaCluster.USER, SecuredBroker.GUESS));
    }

    private static void assertRefused(Class<?> expected, Map<String, Object> config) {
        String topic = SecuredBroker.newOpenTopic();
        Outcome.assertSendFails(expected, topic, config);
        Outcome.assertPartitionsForFails(expected, topic, config);
        Outcome.assertInitTransactionsFails(expected, topic, config);
        assertEquals(List.of(), SecuredBroker.read(topic));
    }
}
