package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.SaslMechanism;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A broker that knows what each may do: who may not hears what a {@code KafkaProducer} hears, and can go on when he may. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class AuthorizationIT {

    @OverBothClients
    void shouldTellOfATopicThatMayNotEvenBeSeenAndSendWhenItMay(Client client) {
        assertFailsUntilAllowed(client, TopicAuthorizationException.class, SecuredBroker.newTopic("unseen"),
                config(SecuredBroker.WRITER), SecuredBroker.WRITER);
    }

    @ParameterizedTest
    @CsvSource({"KAFKA,true", "KAFKA,false", "MILLRACE,true", "MILLRACE,false"})
    void shouldTellOfATopicThatMayOnlyBeSeenAndSendWhenItMay(Client client, boolean idempotent) {
        Map<String, Object> config = config(SecuredBroker.WRITER);
        config.put("enable.idempotence", idempotent);
        String topic = SecuredBroker.newTopic("seen");
        SecuredBroker.allow(SecuredBroker.WRITER, topic, AclOperation.DESCRIBE);
        assertFailsUntilAllowed(client, TopicAuthorizationException.class, topic, config, SecuredBroker.WRITER);
    }

    // Not with KafkaProducer: for a moment after the first failure its sends throw another exception, and now and then they do.
    @Test
    void shouldTellOfAnIdempotentWriteThatIsNotAllowedAndSendWhenItIs() {
        String topic = SecuredBroker.newTopic("not-idempotent");
        SecuredBroker.allow(SecuredBroker.GUEST, topic, AclOperation.DESCRIBE);
        // A right to write, to any topic at all, is the right to be idempotent: this user has none yet.
        assertFailsUntilAllowed(Client.MILLRACE, ClusterAuthorizationException.class, topic, config(SecuredBroker.GUEST),
                SecuredBroker.GUEST);
    }

    @Test
    void shouldTellOfRightsThatAreMissingAsKafkaProducerDoes() {
        String topic = SecuredBroker.newTopic("missing");
        Outcome.assertSendFails(TopicAuthorizationException.class, topic, config(SecuredBroker.WRITER));
        Outcome.assertPartitionsForFails(TopicAuthorizationException.class, topic, config(SecuredBroker.WRITER));
        SecuredBroker.allow(SecuredBroker.WRITER, topic, AclOperation.DESCRIBE);
        Outcome.assertSendFails(TopicAuthorizationException.class, topic, config(SecuredBroker.WRITER));
        SecuredBroker.allow(SecuredBroker.READER, topic, AclOperation.READ);
        Outcome.assertSendFails(ClusterAuthorizationException.class, topic, config(SecuredBroker.READER));
    }

    /** One producer: it fails twice, and the third record goes through because an operator has come to its help. */
    private static void assertFailsUntilAllowed(Client client, Class<?> expected, String topic, Map<String, Object> config,
                                                String user) {
        try (Producer<String, String> producer = client.producer(config)) {
            assertEquals(expected, Outcome.ofSend(producer, topic).error().getClass());
            assertEquals(expected, Outcome.ofSend(producer, topic).error().getClass());
            SecuredBroker.allow(user, topic, AclOperation.ALL);
            assertNull(Outcome.ofSend(producer, topic).error());
        }
        assertEquals(List.of("key=value"), SecuredBroker.read(topic));
    }

    private static Map<String, Object> config(String user) {
        return SecuredBroker.config(BrokerListener.SASL_PLAINTEXT, SaslMechanism.SCRAM_SHA_512, user,
                SecuredBroker.password(user));
    }
}
