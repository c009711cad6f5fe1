package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a producer waits for, for how long, and what it says when that was in vain; at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class BlockingContractIT {

    @OverBothClients
    void shouldWaitForAnUnknownTopicUntilTimeIsOver(Client client) {
        String topic = OneBroker.unusedTopic();
        try (Producer<String, String> producer = client.producer("max.block.ms", 400)) {
            List<Thread> called = new ArrayList<>();
            long startNs = System.nanoTime();
            Future<RecordMetadata> future = producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> {
                assertInstanceOf(TimeoutException.class, e);
                called.add(Thread.currentThread());
            });
            long waitedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
            // Producers read a clock of whole milliseconds.
            assertTrue(waitedMs >= 398, () -> waitedMs + " ms");
            assertEquals(List.of(Thread.currentThread()), called);
            assertTrue(future.isDone());
            Throwable failure = assertThrows(ExecutionException.class, future::get).getCause();
            assertSame(TimeoutException.class, failure.getClass());
            assertEquals("Topic " + topic + " not present in metadata after 400 ms.", failure.getMessage());
            assertEquals(failure.getMessage(),
                    assertThrows(TimeoutException.class, () -> producer.partitionsFor(topic)).getMessage());
        }
    }

    @OverBothClients
    void shouldSendAsSoonAsTheTopicIsThere(Client client) throws Exception {
        String topic = OneBroker.unusedTopic();
        try (Producer<String, String> producer = client.producer("max.block.ms", 30_000)) {
            CompletableFuture<RecordMetadata> sent = CompletableFuture.supplyAsync(() -> {
                try {
                    return producer.send(new ProducerRecord<>(topic, "v")).get();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            OneBroker.createTopic(topic, 1, Map.of());
            assertEquals(0, sent.get(40, TimeUnit.SECONDS).offset());
        }
    }

    @OverBothClients
    void shouldFailWhenMemoryIsExhaustedAndGoOnAfterwards(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        List<Future<RecordMetadata>> accepted = new ArrayList<>();
        List<Exception> called = new ArrayList<>();
        try (Producer<String, String> producer = client.producer("buffer.memory", 65_536, "max.block.ms", 200)) {
            producer.send(new ProducerRecord<>(topic, "known")).get();
            OneBroker.cluster().pause(1);
            try {
                Future<RecordMetadata> future;
                do {
                    future = producer.send(new ProducerRecord<>(topic, "x".repeat(4000)), (metadata, e) -> {
                        if (e != null)
                            called.add(e);
                    });
                    accepted.add(future);
                } while (called.isEmpty());
                accepted.remove(future);
                Throwable failure = assertThrows(ExecutionException.class, future::get).getCause();
                assertInstanceOf(BufferExhaustedException.class, failure);
                assertSame(failure, called.get(0));
                assertTrue(failure.getMessage().startsWith("Failed to allocate "), failure::getMessage);
                assertTrue(failure.getMessage().contains(" bytes within the configured max blocking time 200 ms. Total memory:"
                        + " 65536 bytes. Available memory: "), failure::getMessage);
            } finally {
                OneBroker.cluster().resume(1);
            }
            for (Future<RecordMetadata> future : accepted)
                future.get();
            producer.send(new ProducerRecord<>(topic, "x".repeat(4000))).get();
            assertEquals(1, called.size());
        }
        assertEquals(accepted.size() + 2, OneBroker.readOne(topic).size());
    }

    /** What a send waited for its topic's metadata, it does not wait for memory once more. */
    @OverBothClients
    void shouldShareTheTimeToBlockBetweenMetadataAndMemory(Client client) throws Exception {
        String gone = OneBroker.newTopic(2);
        String late = OneBroker.unusedTopic();
        int blockMs = 4000;
        int metadataMs = 1000;
        Producer<String, String> producer = client.producer("max.block.ms", blockMs, "linger.ms", 60_000,
                "buffer.memory", 40_000, "batch.size", 20_000);
        try {
            // Open batches take all the memory, and keep it, as there is nobody any more to send them to.
            for (int partition = 0; partition < 2; partition++)
                producer.send(new ProducerRecord<>(gone, partition, null, "x".repeat(19_000)));
            OneBroker.cluster().deleteTopic(gone);
            CompletableFuture<Throwable> failed = CompletableFuture.supplyAsync(() -> assertThrows(ExecutionException.class,
                    () -> producer.send(new ProducerRecord<>(late, "x".repeat(19_000))).get()).getCause());
            Thread.sleep(metadataMs);
            OneBroker.createTopic(late, 1, Map.of());
            Throwable failure = failed.get(30, TimeUnit.SECONDS);
            assertSame(BufferExhaustedException.class, failure.getClass(), failure::toString);
            String leftMs = failure.getMessage().replaceAll(".* within the configured max blocking time (\\d+) ms.*", "$1");
            // The other thread may have begun to wait a moment later than this one.
            assertTrue(Integer.parseInt(leftMs) <= blockMs - metadataMs + 500, failure::getMessage);
        } finally {
            producer.close(Duration.ZERO);
        }
    }

    @OverBothClients
    void shouldExpireWhatIsNotAcknowledgedInTime(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = client.producer("delivery.timeout.ms", 600, "request.timeout.ms", 500,
                "linger.ms", 0, "retry.backoff.ms", 10, "max.in.flight.requests.per.connection", 1)) {
            producer.send(new ProducerRecord<>(topic, "known")).get();
            List<Exception> called = new ArrayList<>();
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            OneBroker.cluster().pause(1);
            try {
                for (int i = 0; i < 10; i++)
                    sent.add(producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> called.add(e)));
                for (int i = 0; i < 10; i++) {
                    Throwable failure = assertThrows(ExecutionException.class, sent.get(i)::get).getCause();
                    assertSame(TimeoutException.class, failure.getClass());
                    // What was on the wire may hear of its request's time first.
                    String message = failure.getMessage().replaceAll("\\d+ (ms|record)", "n $1");
                    assertTrue(List.of("Disconnected from node 1 due to timeout", "Expiring n record(s) for " + topic + "-0:n ms"
                            + " has passed since batch creation. The request has not been sent, or no server response has been"
                            + " received yet.").contains(message), message);
                }
            } finally {
                OneBroker.cluster().resume(1);
            }
            producer.flush();
            assertEquals(10, called.size());
            // It goes on, whether the broker had what expired or not.
            producer.send(new ProducerRecord<>(topic, "last")).get();
        }
        assertEquals("last", OneBroker.readOne(topic).get(OneBroker.readOne(topic).size() - 1).value());
    }

    @OverBothClients
    void shouldNotWaitLongerThanAskedForAnAcknowledgement(Client client) throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<String, String> producer = client.producer("linger.ms", 60_000)) {
            Future<RecordMetadata> future = producer.send(new ProducerRecord<>(topic, "v"));
            assertThrows(java.util.concurrent.TimeoutException.class, () -> future.get(50, TimeUnit.MILLISECONDS));
            assertEquals(false, future.isDone() || future.isCancelled() || future.cancel(true));
            producer.flush();
            assertEquals(0, future.get(0, TimeUnit.MILLISECONDS).offset());
            assertTrue(future.isDone());
        }
    }
}
