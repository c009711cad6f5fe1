package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Flush, close and interrupts, at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class CloseContractIT {

    private static final int NEVER_MS = 60_000;
    private static final String ABORTED = "Producer is closed forcefully.";

    // ---------------------------------------------------------------- flush

    @OverBothClients
    void shouldFlushWhatWasSentBeforeWhileOthersSend(Client client) throws Exception {
        String topic = OneBroker.newTopic(3);
        CountDownLatch stop = new CountDownLatch(1);
        try (Producer<String, String> producer = client.producer("linger.ms", NEVER_MS)) {
            List<CompletableFuture<Void>> others = new ArrayList<>();
            for (int t = 0; t < 3; t++)
                others.add(CompletableFuture.runAsync(() -> {
                    while (stop.getCount() > 0) {
                        producer.send(new ProducerRecord<>(topic, "other"));
                        LockSupport.parkNanos(100_000);
                    }
                }));
            for (int round = 0; round < 20; round++) {
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                for (int i = 0; i < 10; i++)
                    sent.add(producer.send(new ProducerRecord<>(topic, "flushed")));
                producer.flush();
                for (Future<RecordMetadata> future : sent)
                    assertTrue(future.isDone());
            }
            stop.countDown();
            for (CompletableFuture<Void> other : others)
                other.get();
        }
        assertEquals(200, OneBroker.read(topic).stream().flatMap(List::stream).filter(r -> r.value().equals("flushed")).count());
    }

    @OverBothClients
    void shouldHaveCalledBackWhenFlushReturns(Client client) {
        String topic = OneBroker.newTopic(3);
        List<Integer> called = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("linger.ms", NEVER_MS)) {
            for (int i = 0; i < 100; i++) {
                int n = i;
                producer.send(new ProducerRecord<>(topic, i % 3, null, "v"), (metadata, e) -> called.add(n));
            }
            producer.flush();
            assertEquals(100, called.size());
        }
    }

    @OverBothClients
    void shouldRefuseFlushInCallback(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        CompletableFuture<Void> flushed = new CompletableFuture<>();
        try (Producer<String, String> producer = client.producer()) {
            producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> run(flushed, producer::flush));
            Throwable refused = assertThrows(ExecutionException.class, () -> flushed.get(20, TimeUnit.SECONDS)).getCause();
            assertSame(KafkaException.class, refused.getClass());
            assertEquals("KafkaProducer.flush() invocation inside a callback is not permitted because it may lead to deadlock.",
                    refused.getMessage());
            // It goes on.
            producer.send(new ProducerRecord<>(topic, "v")).get();
        }
    }

    @OverBothClients
    void shouldSendMoreFromCallbacks(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        CompletableFuture<RecordMetadata> last = new CompletableFuture<>();
        try (Producer<String, String> producer = client.producer("linger.ms", 0)) {
            sendChain(producer, topic, 50, last);
            assertEquals(50, last.get(20, TimeUnit.SECONDS).offset());
        }
    }

    private static void sendChain(Producer<String, String> producer, String topic, int more,
                                  CompletableFuture<RecordMetadata> last) {
        producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> {
            if (more == 0)
                last.complete(metadata);
            else
                sendChain(producer, topic, more - 1, last);
        });
    }

    // ---------------------------------------------------------------- close

    @OverBothClients
    void shouldDeliverWhatIsPendingBeforeItCloses(Client client) throws Exception {
        String topic = OneBroker.newTopic(3);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        Producer<String, String> producer = client.producer("linger.ms", NEVER_MS, "batch.size", 1 << 20);
        for (int i = 0; i < 1000; i++)
            sent.add(producer.send(new ProducerRecord<>(topic, "key-" + i, "v")));
        producer.close();
        for (Future<RecordMetadata> future : sent)
            assertTrue(future.get(0, TimeUnit.SECONDS).hasOffset());
        assertEquals(1000, OneBroker.read(topic).stream().mapToInt(List::size).sum());
        producer.close();
        producer.close(Duration.ZERO);
    }

    @OverBothClients
    void shouldFailWhatIsPendingWhenClosedWithoutTime(Client client) {
        String topic = OneBroker.newTopic(3);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        List<Exception> called = new ArrayList<>();
        Producer<String, String> producer = client.producer("linger.ms", NEVER_MS);
        for (int i = 0; i < 100; i++)
            sent.add(producer.send(new ProducerRecord<>(topic, "key-" + i, "v"), (metadata, e) -> {
                assertEquals(-1, metadata.offset());
                called.add(e);
            }));
        producer.close(Duration.ZERO);
        for (int i = 0; i < 100; i++) {
            Throwable failure = assertThrows(ExecutionException.class, sent.get(i)::get).getCause();
            assertSame(KafkaException.class, failure.getClass());
            assertEquals(ABORTED, failure.getMessage());
            assertEquals(ABORTED, called.get(i).getMessage());
        }
        assertEquals(0, OneBroker.read(topic).stream().mapToInt(List::size).sum());
    }

    @OverBothClients
    void shouldFailWhatIsNotAcknowledgedWhenTheTimeToCloseIsOver(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        Producer<String, String> producer = client.producer();
        producer.send(new ProducerRecord<>(topic, "before")).get();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        OneBroker.cluster().pause(1);
        try {
            for (int i = 0; i < 10; i++)
                sent.add(producer.send(new ProducerRecord<>(topic, "pending")));
            producer.close(Duration.ofMillis(300));
        } finally {
            OneBroker.cluster().resume(1);
        }
        for (Future<RecordMetadata> future : sent)
            assertEquals(ABORTED, assertThrows(ExecutionException.class, future::get).getCause().getMessage());
    }

    @OverBothClients
    void shouldCloseFromACallback(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        Producer<String, String> producer = client.producer("linger.ms", 100);
        CompletableFuture<Void> closed = new CompletableFuture<>();
        CompletableFuture<Exception> pending = new CompletableFuture<>();
        producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> run(closed, () -> {
            producer.send(new ProducerRecord<>(topic, "pending"), (m, failure) -> pending.complete(failure));
            producer.close();
        }));
        closed.get(20, TimeUnit.SECONDS);
        assertEquals(ABORTED, pending.get(20, TimeUnit.SECONDS).getMessage());
        assertThrows(IllegalStateException.class, () -> producer.send(new ProducerRecord<>(topic, "late")));
        producer.close();
    }

    @OverBothClients
    void shouldRefuseToSendOnceClosed(Client client) {
        String topic = OneBroker.newTopic(1);
        Producer<String, String> producer = client.producer();
        producer.close();
        List<Exception> called = new ArrayList<>();
        IllegalStateException refused = assertThrows(IllegalStateException.class,
                () -> producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> called.add(e)));
        assertEquals("Cannot perform operation after producer has been closed", refused.getMessage());
        assertEquals(List.of(), called);
        producer.flush();
    }

    @OverBothClients
    void shouldRefuseNegativeTimeouts(Client client) {
        try (Producer<String, String> producer = client.producer()) {
            assertEquals("The timeout cannot be negative.",
                    assertThrows(IllegalArgumentException.class, () -> producer.close(Duration.ofMillis(-1))).getMessage());
        }
    }

    @OverBothClients
    void shouldEndSendsThatWaitForMetadataWhenClosed(Client client) throws Exception {
        Producer<String, String> producer = client.producer();
        CompletableFuture<Void> waiting = new CompletableFuture<>();
        Thread thread = new Thread(() -> run(waiting, () -> producer.send(new ProducerRecord<>(OneBroker.unusedTopic(), "v"))));
        thread.start();
        awaitBlocked(thread);
        producer.close();
        Throwable failure = assertThrows(ExecutionException.class, () -> waiting.get(20, TimeUnit.SECONDS)).getCause();
        assertSame(KafkaException.class, failure.getClass());
        assertEquals("Producer closed while send in progress", failure.getMessage());
    }

    @OverBothClients
    void shouldEndSendsThatWaitForMemoryWhenClosed(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        Producer<String, String> producer = client.producer("buffer.memory", 20_000, "batch.size", 15_000);
        producer.send(new ProducerRecord<>(topic, "known")).get();
        CompletableFuture<Void> waiting = new CompletableFuture<>();
        OneBroker.cluster().pause(1);
        try {
            producer.send(new ProducerRecord<>(topic, "x".repeat(14_000)));
            Thread thread = new Thread(() -> run(waiting, () -> producer.send(new ProducerRecord<>(topic, "x".repeat(14_000)))));
            thread.start();
            awaitBlocked(thread);
            producer.close(Duration.ofMillis(100));
        } finally {
            OneBroker.cluster().resume(1);
        }
        Throwable failure = assertThrows(ExecutionException.class, () -> waiting.get(20, TimeUnit.SECONDS)).getCause();
        assertSame(KafkaException.class, failure.getClass());
        assertEquals("Producer closed while allocating memory", failure.getMessage());
    }

    @OverBothClients
    void shouldTakeItsBeansAndThreadAway(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        Producer<String, String> producer = client.producer("client.id", "watched");
        producer.send(new ProducerRecord<>(topic, "v")).get();
        String thread = "kafka-producer-network-thread | watched";
        assertTrue(NothingLeftBehind.producerThreads().stream().anyMatch(t -> t.getName().equals(thread)));
        Set<String> beans = NothingLeftBehind.beans("kafka.producer:*,client-id=watched");
        for (String type : List.of("producer-metrics", "producer-node-metrics", "producer-topic-metrics"))
            assertTrue(beans.stream().anyMatch(bean -> bean.contains("type=" + type)), () -> type + " is not in " + beans);
        assertEquals(1, NothingLeftBehind.beans("kafka.producer:type=app-info,id=watched").size());
        producer.close();
        assertFalse(NothingLeftBehind.producerThreads().stream().anyMatch(t -> t.getName().equals(thread)));
        assertEquals(Set.of(), NothingLeftBehind.beans("kafka.producer:*,client-id=watched"));
        assertEquals(Set.of(), NothingLeftBehind.beans("kafka.producer:*,id=watched"));
    }

    // ---------------------------------------------------------------- interrupts

    @OverBothClients
    void shouldBeInterruptedWhileItWaitsForMetadata(Client client) {
        try (Producer<String, String> producer = client.producer()) {
            Thread.currentThread().interrupt();
            List<Exception> called = new ArrayList<>();
            assertThrows(InterruptException.class, () -> producer.send(new ProducerRecord<>(OneBroker.unusedTopic(), "v"),
                    (metadata, e) -> called.add(e)));
            assertTrue(Thread.interrupted(), "who interrupted must be able to see that");
            assertEquals(List.of(), called);
        }
    }

    @OverBothClients
    void shouldBeInterruptedWhileItWaitsForMemory(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = client.producer("buffer.memory", 20_000, "batch.size", 15_000)) {
            producer.send(new ProducerRecord<>(topic, "known")).get();
            OneBroker.cluster().pause(1);
            Future<RecordMetadata> accepted;
            try {
                accepted = producer.send(new ProducerRecord<>(topic, "x".repeat(14_000)));
                Thread.currentThread().interrupt();
                assertThrows(InterruptException.class, () -> producer.send(new ProducerRecord<>(topic, "y".repeat(14_000))));
                assertTrue(Thread.interrupted(), "who interrupted must be able to see that");
            } finally {
                OneBroker.cluster().resume(1);
            }
            assertEquals(1, accepted.get().offset());
            // Nothing of the memory is lost.
            assertEquals(2, producer.send(new ProducerRecord<>(topic, "z".repeat(14_000))).get().offset());
        }
    }

    @OverBothClients
    void shouldBeInterruptedWhileItFlushesOrCloses(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        Producer<String, String> producer = client.producer();
        producer.send(new ProducerRecord<>(topic, "known")).get();
        OneBroker.cluster().pause(1);
        try {
            Future<RecordMetadata> pending = producer.send(new ProducerRecord<>(topic, "pending"));
            Thread.currentThread().interrupt();
            assertThrows(InterruptException.class, producer::flush);
            assertTrue(Thread.interrupted(), "who interrupted must be able to see that");
            Thread.currentThread().interrupt();
            assertThrows(InterruptException.class, producer::close);
            assertTrue(Thread.interrupted(), "who interrupted must be able to see that");
            assertEquals(ABORTED, assertThrows(ExecutionException.class, pending::get).getCause().getMessage());
        } finally {
            OneBroker.cluster().resume(1);
            // KafkaProducer, interrupted, does not wait for its thread, which then may bring back a bean.
            producer.close();
        }
    }

    @OverBothClients
    void shouldSendThoughInterruptedWhenItNeedNotWait(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = client.producer("linger.ms", 0)) {
            producer.send(new ProducerRecord<>(topic, "v")).get();
            Thread.currentThread().interrupt();
            Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(topic, "v"));
            assertThrows(InterruptedException.class, sent::get);
            assertFalse(Thread.interrupted());
            assertEquals(1, sent.get().offset());
        }
    }

    private static void run(CompletableFuture<Void> done, Runnable action) {
        try {
            action.run();
            done.complete(null);
        } catch (Throwable e) {
            done.completeExceptionally(e);
        }
    }

    /** Blocks until the thread waits for something with a time limit. */
    private static void awaitBlocked(Thread thread) throws InterruptedException {
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertTrue(thread.isAlive());
            Thread.sleep(5);
        }
    }
}
