package dev.millrace;

import static dev.millrace.FailedFuture.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Transactions as a caller sees them, side by side, on a cluster that speaks the newer protocol (KIP-890). */
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class TransactionContractIT {

    private static String newId() {
        return "tx-" + UUID.randomUUID();
    }

    private static Producer<String, String> started(Client client, String transactionalId, Object... overrides) {
        List<Object> all = new ArrayList<>(List.of(overrides));
        all.add("transactional.id");
        all.add(transactionalId);
        Producer<String, String> producer = client.producer(all.toArray());
        producer.initTransactions();
        return producer;
    }

    @SuppressWarnings("removal") // The only other way to one is a consumer that has joined its group.
    private static ConsumerGroupMetadata group(int generation, String memberId) {
        return new ConsumerGroupMetadata("group", generation, memberId, Optional.empty());
    }

    private static ProducerRecord<String, String> record(String topic, String value) {
        return new ProducerRecord<>(topic, value);
    }

    /** A transaction of its own for each record. */
    private static void commit(Producer<String, String> producer, String topic, String... values) {
        for (String value : values) {
            producer.beginTransaction();
            producer.send(record(topic, value));
            producer.commitTransaction();
        }
    }

    /** A producer whose transaction is open, with a record stored, and which is about to be fenced. */
    private static Producer<String, String> zombie(Client client, String transactionalId, String topic) {
        Producer<String, String> zombie = started(client, transactionalId);
        zombie.beginTransaction();
        zombie.send(record(topic, "zombie"));
        zombie.flush();
        return zombie;
    }

    // ---------------------------------------------------------------- commit and abort

    @OverBothClients
    void shouldShowCommittedRecordsOnly(Client client) throws Exception {
        String topic = OneBroker.newTopic(2);
        try (Producer<String, String> producer = started(client, newId())) {
            for (int transaction = 0; transaction < 6; transaction++) {
                producer.beginTransaction();
                for (int i = 0; i < 10; i++)
                    producer.send(new ProducerRecord<>(topic, i % 2, null, transaction + "-" + i));
                if (transaction % 2 == 0)
                    producer.commitTransaction();
                else
                    producer.abortTransaction();
            }
        }
        List<String> committed = OneBroker.readCommitted(topic);
        assertEquals(30, committed.size(), committed::toString);
        assertTrue(committed.stream().allMatch(value -> value.startsWith("0-") || value.startsWith("2-")
                || value.startsWith("4-")), committed::toString);
    }

    @OverBothClients
    void shouldEndTransactionsThatSentNothing(Client client) {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = started(client, newId())) {
            producer.beginTransaction();
            producer.commitTransaction();
            producer.beginTransaction();
            producer.abortTransaction();
            commit(producer, topic, "one");
        }
        assertEquals(List.of("one"), OneBroker.readCommitted(topic));
    }

    @OverBothClients
    void shouldFlushWithTheCommitHoweverLongLingerIs(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = started(client, newId(), "linger.ms", 60_000,
                "delivery.timeout.ms", 200_000)) {
            producer.beginTransaction();
            Future<RecordMetadata> sent = producer.send(record(topic, "one"));
            producer.commitTransaction();
            assertTrue(sent.isDone());
            assertEquals(0, sent.get().offset());
        }
    }

    @OverBothClients
    void shouldFailWhatIsNotSentWhenATransactionIsAborted(Client client) {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = started(client, newId(), "linger.ms", 60_000,
                "delivery.timeout.ms", 200_000)) {
            producer.beginTransaction();
            List<Exception> told = new ArrayList<>();
            Future<RecordMetadata> sent = producer.send(record(topic, "one"), (metadata, e) -> told.add(e));
            producer.abortTransaction();
            // KafkaProducer sends what waits for linger when a transaction ends, and so it does when its sender finds the abort
            // between having looked for one and looking for batches. Then the record is written, and never seen.
            if (client == Client.MILLRACE || told.get(0) != null) {
                assertFails(TransactionAbortedException.class, sent);
                assertInstanceOf(TransactionAbortedException.class, told.get(0));
            }
            commit(producer, topic, "two");
        }
        assertEquals(List.of("two"), OneBroker.readCommitted(topic));
    }

    @OverBothClients
    void shouldAbortAnOpenTransactionWhenClosed(Client client) {
        String topic = OneBroker.newTopic(1);
        String id = newId();
        try (Producer<String, String> producer = started(client, id)) {
            producer.beginTransaction();
            producer.send(record(topic, "aborted"));
            producer.flush();
        }
        // Nobody waits for transaction.timeout.ms: the topic can be read to its end at once.
        assertEquals(List.of(), OneBroker.readCommitted(topic));
        try (Producer<String, String> producer = started(client, id)) {
            commit(producer, topic, "committed");
        }
        assertEquals(List.of("committed"), OneBroker.readCommitted(topic));
    }

    // ---------------------------------------------------------------- fencing

    @OverBothClients
    void shouldFenceTheEarlierProducer(Client client) {
        String topic = OneBroker.newTopic(1);
        String id = newId();
        Producer<String, String> zombie = zombie(client, id, topic);
        try (Producer<String, String> successor = started(client, id)) {
            assertThrows(ProducerFencedException.class, zombie::commitTransaction);
            assertThrows(ProducerFencedException.class, zombie::beginTransaction);
            assertThrows(ProducerFencedException.class, zombie::abortTransaction);
            Future<RecordMetadata> refused = zombie.send(record(topic, "still a zombie"));
            assertFails(ProducerFencedException.class, refused);
            zombie.close();
            commit(successor, topic, "successor");
        }
        assertEquals(List.of("successor"), OneBroker.readCommitted(topic));
    }

    @OverBothClients
    void shouldTellAZombieThatItsEpochIsOld(Client client) {
        String topic = OneBroker.newTopic(1);
        String id = newId();
        Producer<String, String> zombie = zombie(client, id, topic);
        try (Producer<String, String> successor = started(client, id)) {
            Future<RecordMetadata> refused = zombie.send(record(topic, "late"));
            assertFails(InvalidProducerEpochException.class, refused);
            assertThrows(InvalidProducerEpochException.class, zombie::commitTransaction);
            // What it can still do is to abort, and then it hears that it has a successor.
            assertThrows(ProducerFencedException.class, zombie::abortTransaction);
            zombie.close();
            successor.beginTransaction();
            successor.commitTransaction();
        }
        assertEquals(List.of(), OneBroker.readCommitted(topic));
    }

    // ---------------------------------------------------------------- abortable errors

    @OverBothClients
    void shouldHaveToAbortAfterARecordWasRefused(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = started(client, newId(), "max.request.size", 1000)) {
            producer.beginTransaction();
            producer.send(record(topic, "fits")).get();
            Future<RecordMetadata> refused = producer.send(record(topic, "x".repeat(2000)));
            assertFails(RecordTooLargeException.class, refused);
            KafkaException thrown = assertThrows(KafkaException.class, producer::commitTransaction);
            assertEquals(KafkaException.class, thrown.getClass());
            assertInstanceOf(RecordTooLargeException.class, thrown.getCause());
            assertThrows(KafkaException.class, () -> producer.send(record(topic, "not any more")));
            producer.abortTransaction();
            commit(producer, topic, "again");
        }
        assertEquals(List.of("again"), OneBroker.readCommitted(topic));
    }

    @OverBothClients
    void shouldHaveToAbortAfterABrokerRefusedARecord(Client client) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("max.message.bytes", "1000"));
        try (Producer<String, String> producer = started(client, newId())) {
            producer.beginTransaction();
            Future<RecordMetadata> refused = producer.send(record(topic, "x".repeat(2000)));
            assertFails(RecordTooLargeException.class, refused);
            // KafkaProducer ends the record's future a moment before its transaction: the commit may begin in between, and throw
            // the error itself.
            KafkaException thrown = assertThrows(KafkaException.class, producer::commitTransaction);
            assertInstanceOf(RecordTooLargeException.class, thrown.getCause() == null ? thrown : thrown.getCause());
            producer.abortTransaction();
            commit(producer, topic, "again 0", "again 1", "again 2");
        }
        assertEquals(List.of("again 0", "again 1", "again 2"), OneBroker.readCommitted(topic));
    }

    // ---------------------------------------------------------------- misuse

    @OverBothClients
    void shouldRefuseMisuse(Client client) {
        String topic = OneBroker.newTopic(1);
        ConsumerGroupMetadata group = group(-1, "");
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1));
        Producer<String, String> producer = client.producer("transactional.id", newId());
        try (producer) {
            assertThrows(IllegalStateException.class, producer::beginTransaction);
            assertThrows(IllegalStateException.class, producer::commitTransaction);
            assertThrows(IllegalStateException.class, producer::abortTransaction);
            assertThrows(IllegalStateException.class, () -> producer.send(record(topic, "before init")));
            assertThrows(IllegalStateException.class, () -> producer.sendOffsetsToTransaction(offsets, group));
            producer.initTransactions();
            assertThrows(IllegalStateException.class, producer::initTransactions);
            assertThrows(IllegalStateException.class, () -> producer.send(record(topic, "outside")));
            assertThrows(IllegalStateException.class, producer::commitTransaction);
            assertThrows(IllegalStateException.class, producer::abortTransaction);
            assertThrows(IllegalStateException.class, () -> producer.sendOffsetsToTransaction(offsets, group));
            producer.beginTransaction();
            assertThrows(IllegalStateException.class, producer::beginTransaction);
            assertThrows(IllegalStateException.class, producer::initTransactions);
            assertThrows(IllegalArgumentException.class, () -> producer.sendOffsetsToTransaction(offsets, null));
            assertThrows(IllegalArgumentException.class, () -> producer.sendOffsetsToTransaction(offsets,
                    group(2, "")));
            producer.sendOffsetsToTransaction(Map.of(), group);
            producer.abortTransaction();
        }
        assertThrows(IllegalStateException.class, producer::beginTransaction);
        assertThrows(IllegalStateException.class, producer::commitTransaction);
    }

    @OverBothClients
    void shouldRefuseTransactionsWithoutATransactionalId(Client client) {
        for (Object[] config : new Object[][] {{}, {"enable.idempotence", false}})
            try (Producer<String, String> producer = client.producer(config)) {
                assertThrows(IllegalStateException.class, producer::initTransactions);
                assertThrows(IllegalStateException.class, producer::beginTransaction);
                assertThrows(IllegalStateException.class, producer::commitTransaction);
                assertThrows(IllegalStateException.class, producer::abortTransaction);
                assertThrows(IllegalStateException.class, () -> producer.sendOffsetsToTransaction(
                        Map.of(new TopicPartition("t", 0), new OffsetAndMetadata(1)), group(-1, "")));
            }
    }
}
