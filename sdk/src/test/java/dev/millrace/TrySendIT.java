package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code trySend}, which never waits, and {@code sendAsync}, at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class TrySendIT {

    /** Long enough that a test fails by its own time-out if anything waits for it. */
    private static final int FOREVER_MS = 600_000;

    /** What plugins saw, in order; they are made by the producer, so the test can reach them by this only. */
    private static final List<String> SEEN = Collections.synchronizedList(new ArrayList<>());

    private final List<Exception> told = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void forget() {
        SEEN.clear();
    }

    private static MillraceProducer<String, String> producer(Object... overrides) {
        return new MillraceProducer<>(OneBroker.config(overrides));
    }

    private boolean trySend(MillraceProducer<String, String> producer, ProducerRecord<String, String> record) {
        return producer.trySend(record, (metadata, e) -> told.add(e));
    }

    /** Tries until it is taken; the test's time-out ends it. */
    private void sendBy(MillraceProducer<String, String> producer, ProducerRecord<String, String> record) {
        while (!trySend(producer, record))
            Thread.onSpinWait();
    }

    @Test
    void shouldAskForATopicAndTakeRecordsWhenItIsThere() {
        String topic = OneBroker.unusedTopic();
        try (MillraceProducer<String, String> producer = producer("max.block.ms", FOREVER_MS)) {
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, null, "v");
            assertFalse(trySend(producer, record));
            assertFalse(trySend(producer, record));
            OneBroker.createTopic(topic, 1, Map.of());
            sendBy(producer, record);
            assertFalse(trySend(producer, new ProducerRecord<>(topic, 1, null, "nowhere")));
            producer.flush();
            assertEquals(Collections.singletonList(null), told);
        }
        assertEquals(List.of("v"), values(topic));
    }

    @Test
    void shouldTakeNothingWhileMemoryIsShort() throws Exception {
        String topic = OneBroker.newTopic(1);
        int taken = 1;
        try (MillraceProducer<String, String> producer = producer("buffer.memory", 65_536, "max.block.ms", FOREVER_MS)) {
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, "x".repeat(4000));
            sendBy(producer, record);
            OneBroker.cluster().pause(1);
            try {
                while (trySend(producer, record))
                    taken++;
                assertFalse(trySend(producer, record));
                assertEquals(List.of(), told.stream().filter(e -> e != null).toList());
            } finally {
                OneBroker.cluster().resume(1);
            }
            sendBy(producer, record);
            taken++;
        }
        assertEquals(taken, values(topic).size());
        assertEquals(Collections.nCopies(taken, null), told);
    }

    /** What went wrong is told as by send, and is no reason to try again. */
    @Test
    void shouldTellOfOtherErrorsAsSendDoes() throws Exception {
        String topic = OneBroker.newTopic(1);
        MillraceProducer<String, String> producer = producer();
        sendBy(producer, new ProducerRecord<>(topic, "known"));
        producer.flush();
        told.clear();
        assertTrue(trySend(producer, new ProducerRecord<>(topic, "x".repeat(2_000_000))));
        assertInstanceOf(RecordTooLargeException.class, told.get(0));
        assertTrue(producer.trySend(new ProducerRecord<>(topic, "x".repeat(2_000_000)), null));
        assertThrows(IllegalArgumentException.class, () -> producer.trySend(new ProducerRecord<>(topic, -1, null, "v"), null));
        producer.close();
        assertEquals("Cannot perform operation after producer has been closed", assertThrows(IllegalStateException.class,
                () -> trySend(producer, new ProducerRecord<>(topic, "v"))).getMessage());
        assertEquals(1, told.size());
    }

    @Test
    void shouldTakeRecordsOfATransactionOnly() throws Exception {
        String topic = OneBroker.newTopic(1);
        try (MillraceProducer<String, String> producer = producer("transactional.id", topic)) {
            producer.initTransactions();
            producer.partitionsFor(topic);
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, "v");
            String refused = assertThrows(IllegalStateException.class, () -> producer.send(record)).getMessage();
            assertEquals(refused, assertThrows(IllegalStateException.class, () -> trySend(producer, record)).getMessage());
            producer.beginTransaction();
            // That one is not taken is no error: the transaction goes on.
            assertFalse(trySend(producer, new ProducerRecord<>(OneBroker.unusedTopic(), "v")));
            assertTrue(trySend(producer, record));
            producer.commitTransaction();
            assertEquals(Collections.singletonList(null), told);
            producer.beginTransaction();
            assertTrue(trySend(producer, new ProducerRecord<>(topic, "aborted")));
            producer.abortTransaction();
        }
        assertEquals(List.of("v"), OneBroker.readCommitted(topic));
    }

    /** Marks records as tracing does, in their headers. */
    public static final class Marking implements ProducerInterceptor<String, String> {
        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public ProducerRecord<String, String> onSend(ProducerRecord<String, String> record) {
            SEEN.add("onSend " + record.headers().toArray().length);
            record.headers().add("mark", "m".getBytes(StandardCharsets.UTF_8));
            return record;
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
            SEEN.add("onAcknowledgement " + (exception == null ? null : exception.getClass().getSimpleName()));
        }

        @Override
        public void close() {
        }
    }

    @Test
    void shouldShowInterceptorsEachTryAsARecord() {
        String topic = OneBroker.newTopic(1);
        try (MillraceProducer<String, String> producer = producer("interceptor.classes", List.of(Marking.class))) {
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, "v");
            assertFalse(trySend(producer, record));
            assertEquals(List.of("onSend 0", "onAcknowledgement TimeoutException"), SEEN);
            producer.partitionsFor(topic);
            SEEN.clear();
            assertTrue(trySend(producer, record));
            producer.flush();
            assertEquals(List.of("onSend 0", "onAcknowledgement null"), SEEN);
            assertEquals(0, record.headers().toArray().length);
        }
        ConsumerRecord<String, String> read = OneBroker.readOne(topic).get(0);
        assertEquals(1, read.headers().toArray().length);
    }

    /** Writes down what it is told of load. */
    public static final class Watching extends LoadWatcher {
        @Override
        void appended(int bytes) {
            SEEN.add("appended " + bytes);
        }
    }

    @Test
    void shouldNotLetThePartitionerBelieveThatBytesWereAppended() throws Exception {
        String topic = OneBroker.newTopic(1);
        try (MillraceProducer<String, String> producer = producer("buffer.memory", 65_536,
                "partitioner.class", Watching.class)) {
            producer.send(new ProducerRecord<>(topic, "known")).get();
            OneBroker.cluster().pause(1);
            try {
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, "x".repeat(4000));
                while (trySend(producer, record))
                    SEEN.clear();
                SEEN.clear();
                for (int i = 0; i < 10; i++)
                    assertFalse(trySend(producer, record));
                assertEquals(List.of(), SEEN);
            } finally {
                OneBroker.cluster().resume(1);
            }
        }
    }

    // ---------------------------------------------------------------- sendAsync

    @Test
    void shouldCompleteWhereCallbacksAreCalled() throws Exception {
        String topic = OneBroker.newTopic(1);
        try (MillraceProducer<String, String> producer = producer("linger.ms", 100, "client.id", "async")) {
            List<CompletableFuture<String>> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++)
                threads.add(producer.sendAsync(new ProducerRecord<>(topic, "v")).thenApply(metadata ->
                        metadata.offset() + " " + Thread.currentThread().getName()));
            for (int i = 0; i < 3; i++)
                assertEquals(i + " kafka-producer-network-thread | async", threads.get(i).get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void shouldCompleteExceptionallyOrThrowAsSendDoes() {
        String topic = OneBroker.newTopic(1);
        MillraceProducer<String, String> producer = producer("max.block.ms", 200);
        assertSame(RecordTooLargeException.class,
                causeOf(producer.sendAsync(new ProducerRecord<>(topic, "x".repeat(2_000_000)))).getClass());
        assertSame(TimeoutException.class, causeOf(producer.sendAsync(new ProducerRecord<>(OneBroker.unusedTopic(), "v"))).getClass());
        producer.close();
        assertThrows(IllegalStateException.class, () -> producer.sendAsync(new ProducerRecord<>(topic, "v")));
    }

    private static Throwable causeOf(CompletableFuture<RecordMetadata> future) {
        return assertThrows(CompletionException.class, future::join).getCause();
    }

    private static List<String> values(String topic) {
        return OneBroker.readOne(topic).stream().map(ConsumerRecord::value).toList();
    }
}
