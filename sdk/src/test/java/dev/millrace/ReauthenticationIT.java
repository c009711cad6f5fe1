package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.DeliveryReport;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.SaslMechanism;
import dev.millrace.testkit.TokenServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Connections that have to prove again who they are ({@code connections.max.reauth.ms}, or a token that ends) while records
 * go through them: no record is lost.
 */
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class ReauthenticationIT {

    private static final int THREADS = 2;
    private static final int TIMES = 3;
    private static final int VALUE_SIZE = 200;

    @OverBothClients
    void shouldLoseNothingWhenConnectionsAreAuthenticatedAgain(Client client) throws Exception {
        LedgerLoad load = sendWhile(client, reauthenticating(KafkaCluster.USER), producer ->
                await("authentication", () -> total(producer, "successful-reauthentication-total") >= TIMES));
        load.assertDelivered(SecuredBroker.cluster().bootstrapServers());
    }

    @OverBothClients
    void shouldLoseNothingWhenTokensEnd(Client client) throws Exception {
        TokenServer tokens = SecuredBroker.cluster().tokens();
        Map<String, Object> config = SecuredBroker.config(BrokerListener.SASL_PLAINTEXT, SaslMechanism.OAUTHBEARER,
                KafkaCluster.USER, KafkaCluster.PASSWORD);
        config.put("sasl.login.refresh.min.period.seconds", (short) 0);
        config.put("sasl.login.refresh.buffer.seconds", (short) 0);
        long before = tokens.issued();
        tokens.lifetime(Duration.ofSeconds(4));
        try {
            LedgerLoad load = sendWhile(client, config, producer ->
                    await("authentication with new tokens", () -> tokens.issued() - before > TIMES
                            && total(producer, "successful-reauthentication-total") >= TIMES));
            load.assertDelivered(SecuredBroker.cluster().bootstrapServers());
        } finally {
            tokens.lifetime(Duration.ofHours(1));
        }
    }

    @OverBothClients
    void shouldSayWhatItCouldNotSendWhileAPasswordWasNotAccepted(Client client) throws Exception {
        String user = "changing-" + client;
        KafkaCluster cluster = SecuredBroker.cluster();
        cluster.setScramUser(user, SecuredBroker.password(user));
        SecuredBroker.allow(user, "open-", AclOperation.ALL);
        LedgerLoad load = sendWhile(client, reauthenticating(user), producer -> {
            cluster.setScramUser(user, SecuredBroker.GUESS);
            await("a refusal", () -> total(producer, "failed-reauthentication-total") >= 1
                    && total(producer, "failed-authentication-total") >= 1);
            cluster.setScramUser(user, SecuredBroker.password(user));
            // The load goes on for a while: a client that never came in again would be stuck with it.
        });
        DeliveryReport report = load.verify(cluster.bootstrapServers()).assertClean();
        report.failures().keySet().forEach(error -> assertEquals("SaslAuthenticationException", error, report::toString));
        assertTrue(report.failed() < report.acknowledged(), report::toString);
    }

    private static Map<String, Object> reauthenticating(String user) {
        return SecuredBroker.config(SecuredBroker.REAUTHENTICATING_LISTENER, SecuredBroker.REAUTHENTICATING_MECHANISM, user,
                SecuredBroker.password(user));
    }

    /** Sends at a steady pace until {@code event}, which gets the producer, is over, and a little longer. */
    private static LedgerLoad sendWhile(Client client, Map<String, Object> config, Consumer<Producer<?, ?>> event)
            throws Exception {
        config.put("key.serializer", ByteArraySerializer.class);
        config.put("value.serializer", ByteArraySerializer.class);
        config.put("linger.ms", 5);
        try (Producer<byte[], byte[]> producer = client.producer(config)) {
            LedgerLoad load = new LedgerLoad(producer, SecuredBroker.newOpenTopic(), VALUE_SIZE).startPaced(THREADS, 20_000);
            load.awaitMore(1_000);
            event.accept(producer);
            load.awaitMore(1_000);
            load.stop();
            return load;
        }
    }

    private static double total(Producer<?, ?> producer, String metric) {
        return producer.metrics().values().stream()
                .filter(found -> found.metricName().name().equals(metric)
                        && found.metricName().group().equals("producer-metrics"))
                .mapToDouble(found -> (Double) found.metricValue()).sum();
    }

    private static void await(String what, BooleanSupplier happened) {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!happened.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadlineNs < 0, () -> "waited in vain for " + what);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
