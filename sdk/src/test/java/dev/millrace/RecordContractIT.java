package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a record is made of, and what its sender learns of it, at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class RecordContractIT {

    @ParameterizedTest
    @CsvSource({"KAFKA, 0", "KAFKA, 1", "KAFKA, all", "MILLRACE, 0", "MILLRACE, 1", "MILLRACE, all"})
    void shouldDeliverWithAnyAcks(Client client, String acks) throws Exception {
        String topic = OneBroker.newTopic(1);
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("acks", acks)) {
            for (int i = 0; i < 1000; i++)
                futures.add(producer.send(new ProducerRecord<>(topic, "value-" + i)));
        }
        // With acks=0 nobody says when the broker has them.
        TopicContents.awaitEnd(OneBroker.cluster(), topic, 1000);
        List<ConsumerRecord<String, String>> records = OneBroker.readOne(topic);
        assertEquals(IntStream.range(0, 1000).mapToObj(i -> "value-" + i).toList(),
                records.stream().map(ConsumerRecord::value).toList());
        for (int i = 0; i < 1000; i++) {
            RecordMetadata metadata = futures.get(i).get();
            assertEquals(0, metadata.partition());
            assertEquals(!acks.equals("0"), metadata.hasOffset());
            assertEquals(acks.equals("0") ? -1 : i, metadata.offset());
        }
    }

    @OverBothClients
    void shouldTellAllThereIsToKnow(Client client) throws Exception {
        String topic = OneBroker.newTopic(2);
        try (Producer<String, String> producer = client.producer()) {
            producer.send(new ProducerRecord<>(topic, 1, "first", "")).get();
            RecordMetadata[] called = new RecordMetadata[1];
            RecordMetadata metadata = producer.send(new ProducerRecord<>(topic, 1, 42L, "kéy", "välue"),
                    (m, e) -> called[0] = m).get();
            for (RecordMetadata told : List.of(metadata, called[0])) {
                assertEquals(topic, told.topic());
                assertEquals(1, told.partition());
                assertTrue(told.hasOffset());
                assertEquals(1, told.offset());
                assertTrue(told.hasTimestamp());
                assertEquals(42, told.timestamp());
                assertEquals(4, told.serializedKeySize());
                assertEquals(6, told.serializedValueSize());
                assertEquals(topic + "-1@1", told.toString());
            }
        }
    }

    @OverBothClients
    void shouldKeepNullApartFromEmpty(Client client) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("cleanup.policy", "delete"));
        String[][] keysAndValues = {{null, "v"}, {"k", null}, {null, null}, {"", ""}, {"k", "v"}};
        try (Producer<String, String> producer = client.producer()) {
            for (String[] pair : keysAndValues) {
                RecordMetadata metadata = producer.send(new ProducerRecord<>(topic, pair[0], pair[1])).get();
                assertEquals(pair[0] == null ? -1 : pair[0].length(), metadata.serializedKeySize());
                assertEquals(pair[1] == null ? -1 : pair[1].length(), metadata.serializedValueSize());
            }
        }
        List<ConsumerRecord<String, String>> records = OneBroker.readOne(topic);
        for (int i = 0; i < keysAndValues.length; i++) {
            assertEquals(keysAndValues[i][0], records.get(i).key());
            assertEquals(keysAndValues[i][1], records.get(i).value());
        }
    }

    @OverBothClients
    void shouldDeliverTombstonesToACompactedTopic(Client client) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("cleanup.policy", "compact"));
        try (Producer<String, String> producer = client.producer()) {
            producer.send(new ProducerRecord<>(topic, "gone", "value"));
            producer.send(new ProducerRecord<>(topic, "gone", null)).get();
            ExecutionException noKey = assertThrows(ExecutionException.class,
                    () -> producer.send(new ProducerRecord<>(topic, null, "value")).get());
            assertSame(InvalidRecordException.class, noKey.getCause().getClass());
        }
        ConsumerRecord<String, String> last = OneBroker.readOne(topic).get(1);
        assertEquals("gone", last.key());
        assertNull(last.value());
    }

    @OverBothClients
    void shouldDeliverHeadersAsTheyAre(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        byte[] large = new byte[20_000];
        large[19_999] = 7;
        ProducerRecord<String, String> record = new ProducerRecord<>(topic, "k", "v");
        record.headers().add("twice", bytes("one")).add("twice", bytes("two")).add("empty", new byte[0])
                .add("null", null).add("ключ", bytes("значение")).add("large", large);
        Header[] sent = record.headers().toArray();
        try (Producer<String, String> producer = client.producer("compression.type", "lz4")) {
            producer.send(record).get();
        }
        assertArrayEquals(sent, OneBroker.readOne(topic).get(0).headers().toArray());
        assertThrows(IllegalStateException.class, () -> record.headers().add("late", null),
                "a record that was handed over must not change");
    }

    @OverBothClients
    void shouldKeepTheTimestampGivenOrTakeTheTimeOfSending(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        long[] given = {0, 1, 1L << 40, 5};
        long beforeMs;
        long afterMs;
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("linger.ms", 50)) {
            for (long timestamp : given)
                futures.add(producer.send(new ProducerRecord<>(topic, 0, timestamp, null, "v")));
            beforeMs = System.currentTimeMillis();
            futures.add(producer.send(new ProducerRecord<>(topic, "v")));
            afterMs = System.currentTimeMillis();
        }
        List<ConsumerRecord<String, String>> records = OneBroker.readOne(topic);
        for (int i = 0; i < futures.size(); i++) {
            assertEquals(TimestampType.CREATE_TIME, records.get(i).timestampType());
            assertEquals(records.get(i).timestamp(), futures.get(i).get().timestamp());
            if (i < given.length)
                assertEquals(given[i], records.get(i).timestamp());
        }
        long taken = records.get(given.length).timestamp();
        assertTrue(beforeMs <= taken && taken <= afterMs, () -> beforeMs + " <= " + taken + " <= " + afterMs);
    }

    @OverBothClients
    void shouldTellTheBrokersTimeWhereItCounts(Client client) throws Exception {
        String topic = OneBroker.newTopic(1, Map.of("message.timestamp.type", "LogAppendTime"));
        long beforeMs = System.currentTimeMillis();
        RecordMetadata metadata;
        try (Producer<String, String> producer = client.producer()) {
            metadata = producer.send(new ProducerRecord<>(topic, 0, 42L, "k", "v")).get();
        }
        ConsumerRecord<String, String> record = OneBroker.readOne(topic).get(0);
        assertEquals(TimestampType.LOG_APPEND_TIME, record.timestampType());
        assertEquals(record.timestamp(), metadata.timestamp());
        assertTrue(metadata.timestamp() >= beforeMs);
    }

    @OverBothClients
    void shouldCallBackInOrderOnTheNetworkThreadWhateverCallbacksThrow(Client client) throws Exception {
        String topic = OneBroker.newTopic(3);
        Map<Integer, List<Long>> called = Map.of(0, new ArrayList<>(), 1, new ArrayList<>(), 2, new ArrayList<>());
        List<String> otherThreads = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("client.id", "caller", "batch.size", 500)) {
            for (int i = 0; i < 3000; i++)
                producer.send(new ProducerRecord<>(topic, i % 3, null, "value-" + i), (metadata, exception) -> {
                    called.get(metadata.partition()).add(metadata.offset());
                    if (!Thread.currentThread().getName().equals("kafka-producer-network-thread | caller"))
                        otherThreads.add(Thread.currentThread().getName());
                    if (metadata.offset() == 3)
                        throw new IllegalStateException("a callback's own fault");
                });
        }
        for (List<Long> offsets : called.values())
            assertEquals(IntStream.range(0, 1000).mapToObj(Long::valueOf).toList(), offsets);
        assertEquals(List.of(), otherThreads);
    }

    @OverBothClients
    void shouldGoToThePartitionTheUserChose(Client client) throws Exception {
        String topic = OneBroker.newTopic(5);
        try (Producer<String, String> producer = client.producer()) {
            for (int i = 0; i < 100; i++)
                assertEquals(i % 5, producer.send(new ProducerRecord<>(topic, i % 5, "key", "" + i % 5)).get().partition());
        }
        List<List<ConsumerRecord<String, String>>> records = OneBroker.read(topic);
        for (int p = 0; p < 5; p++) {
            assertEquals(20, records.get(p).size());
            for (ConsumerRecord<String, String> record : records.get(p))
                assertEquals("" + p, record.value());
        }
    }

    @OverBothClients
    void shouldListPartitions(Client client) {
        String topic = OneBroker.newTopic(4);
        try (Producer<String, String> producer = client.producer()) {
            assertEquals(IntStream.range(0, 4).mapToObj(p -> new TopicPartition(topic, p)).toList(),
                    producer.partitionsFor(topic).stream().map(p -> new TopicPartition(p.topic(), p.partition()))
                            .sorted((a, b) -> a.partition() - b.partition()).toList());
            assertFalse(producer.partitionsFor(topic).get(0).leader().isEmpty());
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
