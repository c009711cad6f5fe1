package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.millrace.testkit.BrokerListener;
import dev.millrace.testkit.SaslMechanism;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringDeserializer;
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

    @Test
    void shouldTellOfATransactionalIdThatMayNotBeUsed() {
        Outcome.assertInitTransactionsFails(TransactionalIdAuthorizationException.class, "not-to-be-used",
                config(SecuredBroker.WRITER));
    }

    @ParameterizedTest
    @CsvSource({"KAFKA,false", "KAFKA,true", "MILLRACE,false", "MILLRACE,true"})
    void shouldAbortATransactionWithATopicThatIsNotAllowedAndGoOn(Client client, boolean seen) {
        String topic = SecuredBroker.newTopic("transactions");
        if (seen)
            SecuredBroker.allow(SecuredBroker.WRITER, topic, AclOperation.DESCRIBE);
        try (Producer<String, String> producer = transactional(client, topic)) {
            producer.initTransactions();
            producer.beginTransaction();
            assertEquals(TopicAuthorizationException.class, Outcome.ofSend(producer, topic).error().getClass());
            Throwable refused = Outcome.of(producer::commitTransaction).error();
            // KafkaProducer ends the record before it marks the transaction: a commit in between meets the error itself.
            if (client == Client.MILLRACE || refused.getCause() != null) {
                assertEquals(KafkaException.class, refused.getClass());
                refused = refused.getCause();
            }
            assertEquals(TopicAuthorizationException.class, refused.getClass());
            producer.abortTransaction();
            SecuredBroker.allow(SecuredBroker.WRITER, topic, AclOperation.ALL);
            producer.beginTransaction();
            assertNull(Outcome.ofSend(producer, topic).error());
            producer.commitTransaction();
        }
        assertEquals(List.of("key=value"), TopicContents.committed(SecuredBroker.cluster(), topic));
    }

    @OverBothClients
    void shouldAbortATransactionWithAGroupThatIsNotAllowedAndGoOn(Client client) {
        String name = SecuredBroker.newTopic("groups");
        SecuredBroker.allow(SecuredBroker.WRITER, name, AclOperation.ALL);
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(new TopicPartition(name, 0), new OffsetAndMetadata(1));
        ConsumerGroupMetadata group = group(name);
        try (Producer<String, String> producer = transactional(client, name)) {
            producer.initTransactions();
            producer.beginTransaction();
            assertNull(Outcome.ofSend(producer, name).error());
            Outcome refused = Outcome.of(() -> producer.sendOffsetsToTransaction(offsets, group));
            assertEquals(GroupAuthorizationException.class, refused.error().getClass());
            producer.abortTransaction();
            SecuredBroker.allow(SecuredBroker.WRITER, ResourceType.GROUP, name);
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(offsets, group);
            producer.commitTransaction();
        }
        assertEquals(List.of(), TopicContents.committed(SecuredBroker.cluster(), name));
    }

    /** As a consumer without group management has it. */
    private static ConsumerGroupMetadata group(String name) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("group.id", name,
                "bootstrap.servers", SecuredBroker.cluster().bootstrapServers(),
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class))) {
            return consumer.groupMetadata();
        }
    }

    private static Producer<String, String> transactional(Client client, String id) {
        SecuredBroker.allow(SecuredBroker.WRITER, ResourceType.TRANSACTIONAL_ID, id);
        Map<String, Object> config = config(SecuredBroker.WRITER);
        config.put("transactional.id", id);
        return client.producer(config);
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
