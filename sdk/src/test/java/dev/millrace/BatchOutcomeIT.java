package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the broker says of a batch of several records reaches each of them, at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class BatchOutcomeIT {

    /** Long enough that all of a test's records meet in one batch, which a flush sends. */
    private static final Object[] ONE_BATCH = {"linger.ms", 60_000, "batch.size", 100_000};

    private record Sent(List<Future<RecordMetadata>> futures, List<String> called) {
    }

    private static Sent send(Producer<String, String> producer, List<ProducerRecord<String, String>> records) {
        Sent sent = new Sent(new ArrayList<>(), new ArrayList<>());
        for (ProducerRecord<String, String> record : records)
            sent.futures().add(producer.send(record, (metadata, e) -> sent.called().add(
                    metadata + " " + metadata.timestamp() + " " + metadata.serializedKeySize() + " " + e)));
        producer.flush();
        return sent;
    }

    private static Throwable failure(Future<RecordMetadata> future) {
        return assertThrows(ExecutionException.class, future::get).getCause();
    }

    @OverBothClients
    void shouldBlameTheOneRecordOfABatchThatTheBrokerRefuses(Client client) {
        String topic = OneBroker.newTopic(1, Map.of("cleanup.policy", "compact"));
        try (Producer<String, String> producer = client.producer(ONE_BATCH)) {
            Sent sent = send(producer, List.of(new ProducerRecord<>(topic, "k", "0"), new ProducerRecord<>(topic, null, "1"),
                    new ProducerRecord<>(topic, "k", "2")));
            assertSame(InvalidRecordException.class, failure(sent.futures().get(1)).getClass());
            String refused = "Compacted topic cannot accept message without key in topic partition " + topic + "-0";
            assertEquals(refused, failure(sent.futures().get(1)).getMessage());
            String bystander = "Failed to append record because it was part of a batch which had one more more invalid records";
            for (int i : new int[] {0, 2}) {
                assertSame(KafkaException.class, failure(sent.futures().get(i)).getClass());
                assertEquals(bystander, failure(sent.futures().get(i)).getMessage());
            }
            String unsent = topic + "-0@-1 -1 -1 ";
            assertEquals(List.of(unsent + KafkaException.class.getName() + ": " + bystander,
                    unsent + InvalidRecordException.class.getName() + ": " + refused,
                    unsent + KafkaException.class.getName() + ": " + bystander), sent.called());
        }
        assertEquals(List.of(), OneBroker.readOne(topic));
    }

    @OverBothClients
    void shouldBlameEachOfSeveralRecordsThatTheBrokerRefuses(Client client) {
        String topic = OneBroker.newTopic(1, Map.of("cleanup.policy", "compact"));
        try (Producer<String, String> producer = client.producer(ONE_BATCH)) {
            Sent sent = send(producer, List.of(new ProducerRecord<>(topic, null, "0"), new ProducerRecord<>(topic, "k", "1"),
                    new ProducerRecord<>(topic, null, "2")));
            for (int i : new int[] {0, 2})
                assertSame(InvalidRecordException.class, failure(sent.futures().get(i)).getClass());
            assertSame(KafkaException.class, failure(sent.futures().get(1)).getClass());
        }
    }

    @OverBothClients
    void shouldTellOfATimestampTheBrokerRefuses(Client client) {
        String topic = OneBroker.newTopic(1, Map.of("message.timestamp.before.max.ms", "1000"));
        long nowMs = System.currentTimeMillis();
        try (Producer<String, String> producer = client.producer(ONE_BATCH)) {
            Sent sent = send(producer, List.of(new ProducerRecord<>(topic, 0, nowMs - 3_600_000, "k", "old"),
                    new ProducerRecord<>(topic, 0, null, "k", "new")));
            assertSame(InvalidTimestampException.class, failure(sent.futures().get(0)).getClass());
            assertSame(KafkaException.class, failure(sent.futures().get(1)).getClass());
        }
    }

    /** The producer goes on after a batch that is refused, with what it sends next and what it had sent before. */
    @OverBothClients
    void shouldGoOnAfterARefusedBatch(Client client) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("cleanup.policy", "compact"));
        List<Future<RecordMetadata>> good = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("linger.ms", 0)) {
            for (int i = 0; i < 20; i++) {
                good.add(producer.send(new ProducerRecord<>(topic, "k" + i, "v")));
                producer.flush();
                Future<RecordMetadata> refused = producer.send(new ProducerRecord<>(topic, null, "v"));
                assertSame(InvalidRecordException.class, failure(refused).getClass());
            }
        }
        for (int i = 0; i < 20; i++)
            assertEquals(i, good.get(i).get().offset());
        assertEquals(20, OneBroker.readOne(topic).size());
    }

    @ParameterizedTest
    @CsvSource({"KAFKA, none", "KAFKA, lz4", "MILLRACE, none", "MILLRACE, lz4"})
    void shouldTellTheBrokersTimeToEveryRecordOfABatch(Client client, String codec) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("message.timestamp.type", "LogAppendTime"));
        List<Object> config = new ArrayList<>(Arrays.asList(ONE_BATCH));
        config.addAll(List.of("compression.type", codec));
        Sent sent;
        try (Producer<String, String> producer = client.producer(config.toArray())) {
            List<ProducerRecord<String, String>> records = new ArrayList<>();
            for (int i = 0; i < 50; i++)
                records.add(new ProducerRecord<>(topic, 0, (long) i, "k", "v"));
            sent = send(producer, records);
        }
        List<ConsumerRecord<String, String>> read = OneBroker.readOne(topic);
        long appendedMs = read.get(0).timestamp();
        for (int i = 0; i < 50; i++) {
            assertEquals(TimestampType.LOG_APPEND_TIME, read.get(i).timestampType());
            assertEquals(appendedMs, sent.futures().get(i).get().timestamp());
            assertEquals(topic + "-0@" + i + " " + appendedMs + " 1 null", sent.called().get(i));
        }
    }

    /** A Future can be asked again and again, by many, and tells the same. */
    @OverBothClients
    void shouldTellTheSameHoweverOftenItIsAsked(Client client) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("cleanup.policy", "compact"));
        try (Producer<String, String> producer = client.producer()) {
            Future<RecordMetadata> good = producer.send(new ProducerRecord<>(topic, "k", "v"));
            producer.flush();
            Future<RecordMetadata> refused = producer.send(new ProducerRecord<>(topic, null, "v"));
            assertEquals(good.get().toString(), good.get().toString());
            assertSame(failure(refused), failure(refused));
            for (Future<RecordMetadata> future : List.of(good, refused)) {
                assertTrue(future.isDone());
                assertFalse(future.isCancelled() || future.cancel(true) || future.cancel(false));
            }
        }
    }
}
