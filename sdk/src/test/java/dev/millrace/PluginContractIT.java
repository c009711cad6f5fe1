package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The user's interceptors, partitioners and serializers, and when they are called, at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class PluginContractIT {

    /** What plugins saw, in order; they are made by the producer, so the test can reach them by this only. */
    private static final List<String> SEEN = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void forget() {
        SEEN.clear();
    }

    // ---------------------------------------------------------------- interceptors

    /** Says what it sees, and marks values. */
    public static class Marking implements ProducerInterceptor<String, String> {
        final String name = getClass().getSimpleName();

        @Override
        public void configure(Map<String, ?> configs) {
            SEEN.add(name + " configured for " + configs.get("client.id"));
        }

        @Override
        public ProducerRecord<String, String> onSend(ProducerRecord<String, String> record) {
            SEEN.add(name + " onSend " + record.value());
            record.headers().add("by", name.getBytes(StandardCharsets.UTF_8));
            return new ProducerRecord<>(record.topic(), record.partition(), record.timestamp(), record.key(),
                    record.value() + "+" + name, record.headers());
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
            SEEN.add(name + " onAcknowledgement " + metadata.partition() + "@" + metadata.offset() + " "
                    + (exception == null ? null : exception.getClass().getSimpleName()) + " headers "
                    + headers.toArray().length + (readOnly(headers) ? "" : " writable"));
        }

        private static boolean readOnly(Headers headers) {
            try {
                headers.add("more", null).remove("more");
                return false;
            } catch (IllegalStateException e) {
                return true;
            }
        }

        @Override
        public void close() {
            SEEN.add(name + " closed");
        }
    }

    /** Throws wherever it can. */
    public static class Throwing extends Marking {
        @Override
        public ProducerRecord<String, String> onSend(ProducerRecord<String, String> record) {
            SEEN.add("Throwing onSend " + record.value());
            throw new IllegalStateException("onSend");
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
            throw new IllegalStateException("onAcknowledgement");
        }

        @Override
        public void close() {
            throw new IllegalStateException("close");
        }
    }

    /** The last of the chain. */
    public static class Last extends Marking {
    }

    private Producer<String, String> intercepted(Client client, Object... overrides) {
        List<Object> all = new ArrayList<>(List.of("client.id", "me", "interceptor.classes",
                List.of(Marking.class, Throwing.class, Last.class)));
        all.addAll(List.of(overrides));
        return client.producer(all.toArray());
    }

    @OverBothClients
    void shouldCallInterceptorsInTheirOrderAndPassOverThoseThatThrow(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = intercepted(client)) {
            producer.send(new ProducerRecord<>(topic, 0, "k", "v"), (metadata, e) -> SEEN.add("callback")).get();
        }
        assertEquals(List.of(
                "Marking configured for me", "Throwing configured for me", "Last configured for me",
                "Marking onSend v", "Throwing onSend v+Marking", "Last onSend v+Marking",
                "Marking onAcknowledgement 0@0 null headers 2", "Last onAcknowledgement 0@0 null headers 2", "callback",
                "Marking closed", "Last closed"), SEEN);
        ConsumerRecord<String, String> record = OneBroker.readOne(topic).get(0);
        assertEquals("v+Marking+Last", record.value());
        assertEquals("Last", new String(record.headers().lastHeader("by").value(), StandardCharsets.UTF_8));
    }

    @OverBothClients
    void shouldTellInterceptorsOfRecordsThatWereRefused(Client client) {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = intercepted(client, "max.request.size", 1000, "max.block.ms", 200)) {
            SEEN.clear();
            Future<RecordMetadata> tooLarge = producer.send(new ProducerRecord<>(topic, 0, "k", "v".repeat(2000)),
                    (metadata, e) -> SEEN.add("callback " + metadata.partition() + "@" + metadata.offset()));
            assertInstanceOf(RecordTooLargeException.class, assertThrows(ExecutionException.class, tooLarge::get).getCause());
            assertEquals(List.of("callback 0@-1", "Marking onAcknowledgement 0@-1 RecordTooLargeException headers 2",
                    "Last onAcknowledgement 0@-1 RecordTooLargeException headers 2"), SEEN.subList(3, SEEN.size()));
            SEEN.clear();
            Future<RecordMetadata> nowhere = producer.send(new ProducerRecord<>(OneBroker.unusedTopic(), "k", "v"),
                    (metadata, e) -> SEEN.add("callback " + metadata.partition() + "@" + metadata.offset()));
            assertInstanceOf(TimeoutException.class, assertThrows(ExecutionException.class, nowhere::get).getCause());
            assertEquals(List.of("callback -1@-1", "Marking onAcknowledgement -1@-1 TimeoutException headers 2",
                    "Last onAcknowledgement -1@-1 TimeoutException headers 2"), SEEN.subList(3, SEEN.size()));
        }
    }

    // ---------------------------------------------------------------- partitioner

    /** The partition the value names. */
    public static class ByValue implements Partitioner {
        @Override
        public void configure(Map<String, ?> configs) {
            SEEN.add("configured with " + configs.get("by.value.option") + " for " + configs.get("client.id"));
        }

        @Override
        public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
            SEEN.add(key + " " + (keyBytes == null ? -1 : keyBytes.length) + " " + value + " " + valueBytes.length + " of "
                    + cluster.partitionCountForTopic(topic));
            return Integer.parseInt((String) value);
        }

        @Override
        public void close() {
            SEEN.add("closed");
        }
    }

    @OverBothClients
    void shouldAskTheUsersPartitioner(Client client) throws Exception {
        String topic = OneBroker.newTopic(3);
        try (Producer<String, String> producer = client.producer("client.id", "me", "partitioner.class", ByValue.class.getName(),
                "by.value.option", "x")) {
            assertEquals(2, producer.send(new ProducerRecord<>(topic, "kéy", "2")).get().partition());
            assertEquals(1, producer.send(new ProducerRecord<>(topic, "1")).get().partition());
            assertEquals(0, producer.send(new ProducerRecord<>(topic, 0, "chosen", "1")).get().partition());
        }
        assertEquals(List.of("configured with x for me", "kéy 4 2 1 of 3", "null -1 1 1 of 3", "closed"), SEEN);
    }

    /** Throws what it does not declare, as plugins of languages without checked exceptions can. */
    public static class Undeclared extends ByValue {
        @Override
        public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
            throw Undeclared.<RuntimeException>asThrown(new IOException("no route"));
        }

        @SuppressWarnings("unchecked") // erased, so nothing is cast
        private static <E extends Throwable> E asThrown(Throwable cause) throws E {
            throw (E) cause;
        }
    }

    @OverBothClients
    void shouldPassOnWhatPluginsThrowUndeclared(Client client) {
        try (Producer<String, String> producer = intercepted(client, "partitioner.class", Undeclared.class.getName())) {
            ProducerRecord<String, String> record = new ProducerRecord<>(OneBroker.newTopic(1), "k", "v");
            SEEN.clear();
            IOException thrown = assertThrows(IOException.class,
                    () -> producer.send(record, (metadata, e) -> SEEN.add("callback")));
            assertEquals("no route", thrown.getMessage());
            assertEquals(List.of("Marking onAcknowledgement -1@-1 IOException headers 2",
                    "Last onAcknowledgement -1@-1 IOException headers 2"), SEEN.subList(3, SEEN.size()));
        }
    }

    // ---------------------------------------------------------------- serializers

    /** Adds headers, and refuses some values. */
    public static class Adding implements Serializer<String> {
        @Override
        public void configure(Map<String, ?> configs, boolean isKey) {
            SEEN.add("configured for " + (isKey ? "keys" : "values") + " of " + configs.get("client.id"));
        }

        @Override
        public byte[] serialize(String topic, String data) {
            throw new UnsupportedOperationException("the headers were forgotten");
        }

        @Override
        public byte[] serialize(String topic, Headers headers, String data) {
            if (data == null)
                return null;
            if (data.equals("refused"))
                throw new SerializationException("I don't like it");
            headers.add("serialized", data.getBytes(StandardCharsets.UTF_8));
            return (data + " for " + topic).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public void close() {
            SEEN.add("closed");
        }
    }

    @OverBothClients
    void shouldLetSerializersAddHeaders(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = client.producer("client.id", "me", "key.serializer", Adding.class,
                "value.serializer", Adding.class)) {
            producer.send(new ProducerRecord<>(topic, "k", "v")).get();
            producer.send(new ProducerRecord<>(topic, null, null)).get();
        }
        ConsumerRecord<String, String> record = OneBroker.readOne(topic).get(0);
        assertEquals("k for " + topic, record.key());
        assertEquals("v for " + topic, record.value());
        assertEquals(2, record.headers().toArray().length);
        assertNull(OneBroker.readOne(topic).get(1).value());
        assertEquals(List.of("configured for keys of me", "configured for values of me", "closed", "closed"), SEEN);
    }

    @OverBothClients
    void shouldNotConfigureButCloseSerializersItWasGiven(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        Map<String, Object> config = OneBroker.config();
        config.remove("key.serializer");
        config.remove("value.serializer");
        try (Producer<String, String> producer = client == Client.KAFKA
                ? new org.apache.kafka.clients.producer.KafkaProducer<>(config, new Adding(), new Adding())
                : new MillraceProducer<>(config, new Adding(), new Adding())) {
            producer.send(new ProducerRecord<>(topic, "k", "v")).get();
        }
        assertEquals(List.of("closed", "closed"), SEEN);
    }
}
