package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.apache.kafka.common.header.Headers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code millrace.callback.threads} at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class CallbackThreadsIT {

    private static final String ABORTED = "Producer is closed forcefully.";

    private final CountDownLatch hangs = new CountDownLatch(1);
    private final CountDownLatch mayReturn = new CountDownLatch(1);
    private final AtomicInteger called = new AtomicInteger();

    @AfterEach
    void release() {
        mayReturn.countDown();
    }

    private static MillraceProducer<String, String> producer(int threads, Object... overrides) {
        Map<String, Object> config = OneBroker.config(overrides);
        config.put("millrace.callback.threads", threads);
        return new MillraceProducer<>(config);
    }

    private void hang(RecordMetadata metadata, Exception e) {
        hangs.countDown();
        try {
            mayReturn.await();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
        called.incrementAndGet();
    }

    @Test
    void shouldCallBackInOrderOnThreadsOfItsOwn() throws Exception {
        String topic = OneBroker.newTopic(6);
        int count = 30_000;
        List<List<Integer>> order = new ArrayList<>();
        for (int partition = 0; partition < 6; partition++)
            order.add(Collections.synchronizedList(new ArrayList<>()));
        Set<String> threads = Collections.synchronizedSet(new TreeSet<>());
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (MillraceProducer<String, String> producer = producer(3, "client.id", "many", "buffer.memory", 1 << 20,
                "compression.type", "lz4")) {
            for (int i = 0; i < count; i++) {
                int n = i;
                sent.add(producer.send(new ProducerRecord<>(topic, i % 6, null, "value-" + i), (metadata, e) -> {
                    order.get(metadata.partition()).add(n);
                    threads.add(Thread.currentThread().getName());
                    // Slower than records come in, now and then.
                    if (n % 5000 == 0)
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                }));
                if (i % 10_000 == 0) {
                    producer.flush();
                    assertEquals(i + 1, order.stream().mapToInt(List::size).sum());
                }
            }
        }
        for (int i = 0; i < count; i++) {
            assertEquals(i, order.get(i % 6).get(i / 6));
            assertEquals(i / 6, sent.get(i).get(0, TimeUnit.SECONDS).offset());
        }
        assertEquals(count, order.stream().mapToInt(List::size).sum());
        assertEquals(Set.of("kafka-producer-callback-thread-0 | many", "kafka-producer-callback-thread-1 | many",
                "kafka-producer-callback-thread-2 | many"), threads);
    }

    @Test
    void shouldGoOnSendingWhileACallbackHangsUntilMemoryIsUsedUp() throws Exception {
        String topic = OneBroker.newTopic(2);
        int accepted = 1;
        try (MillraceProducer<String, String> producer = producer(2, "buffer.memory", 65_536, "max.block.ms", 200)) {
            producer.send(new ProducerRecord<>(topic, 0, null, "hangs"), this::hang);
            hangs.await();
            // Another partition's are called, and that the first partition's are not does not keep it from being written.
            producer.send(new ProducerRecord<>(topic, 1, null, "x")).get();
            Throwable failure = null;
            while (failure == null) {
                CompletableFuture<RecordMetadata> future = producer.sendAsync(new ProducerRecord<>(topic, 0, null, "x".repeat(4000)));
                if (future.isCompletedExceptionally())
                    failure = assertThrows(ExecutionException.class, future::get).getCause();
                else
                    accepted++;
            }
            assertInstanceOf(BufferExhaustedException.class, failure);
            int written = accepted;
            while (OneBroker.cluster().endOffsets(topic).get(0) < written)
                Thread.onSpinWait();
            mayReturn.countDown();
            producer.send(new ProducerRecord<>(topic, 0, null, "x".repeat(4000))).get();
        }
        assertEquals(accepted + 1, OneBroker.read(topic).get(0).size());
        assertEquals(1, called.get());
    }

    @Test
    void shouldKeepTheRulesForCallbacks() throws Exception {
        String topic = OneBroker.newTopic(1);
        MillraceProducer<String, String> producer = producer(2);
        CompletableFuture<Void> flushed = new CompletableFuture<>();
        producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> run(flushed, producer::flush));
        Throwable refused = assertThrows(ExecutionException.class, () -> flushed.get(20, TimeUnit.SECONDS)).getCause();
        assertSame(KafkaException.class, refused.getClass());
        // Another producer's callback thread is a thread like others; and it may block, unlike the network thread.
        CompletableFuture<Void> other = new CompletableFuture<>();
        MillraceProducer<String, String> another = producer(1);
        producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> run(other, () -> {
            another.send(new ProducerRecord<>(OneBroker.newTopic(1), "v"));
            another.flush();
            another.close();
        }));
        other.get(20, TimeUnit.SECONDS);
        CompletableFuture<Void> closed = new CompletableFuture<>();
        CompletableFuture<Exception> pending = new CompletableFuture<>();
        producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> run(closed, () -> {
            OneBroker.cluster().pause(1);
            try {
                producer.send(new ProducerRecord<>(topic, "pending"), (m, failure) -> pending.complete(failure));
                producer.close();
            } finally {
                OneBroker.cluster().resume(1);
            }
        }));
        closed.get(20, TimeUnit.SECONDS);
        assertEquals(ABORTED, pending.get(20, TimeUnit.SECONDS).getMessage());
        assertThrows(IllegalStateException.class, () -> producer.send(new ProducerRecord<>(topic, "late")));
        producer.close();
    }

    private static void run(CompletableFuture<Void> done, Runnable action) {
        try {
            action.run();
            done.complete(null);
        } catch (Throwable e) {
            done.completeExceptionally(e);
        }
    }

    @Test
    void shouldSendMoreFromCallbacks() throws Exception {
        String topic = OneBroker.newTopic(3);
        CompletableFuture<Void> last = new CompletableFuture<>();
        try (MillraceProducer<String, String> producer = producer(2, "linger.ms", 0)) {
            sendChain(producer, topic, 100, last);
            last.get(20, TimeUnit.SECONDS);
        }
        assertEquals(101, OneBroker.read(topic).stream().mapToInt(List::size).sum());
    }

    private static void sendChain(MillraceProducer<String, String> producer, String topic, int more, CompletableFuture<Void> last) {
        producer.send(new ProducerRecord<>(topic, more % 3, null, "v"), (metadata, e) -> {
            if (more == 0)
                last.complete(null);
            else
                sendChain(producer, topic, more - 1, last);
        });
    }

    // ---------------------------------------------------------------- close

    @Test
    void shouldCallAllCallbacksBeforeItCloses() {
        String topic = OneBroker.newTopic(2);
        MillraceProducer<String, String> producer = producer(1);
        for (int i = 0; i < 100; i++)
            producer.send(new ProducerRecord<>(topic, i % 2, null, "v"), (metadata, e) -> {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
                called.incrementAndGet();
            });
        producer.close(Duration.ofSeconds(50));
        assertEquals(100, called.get());
    }

    @Test
    void shouldTellOfWhatIsPendingWhenClosedWithoutTime() {
        String topic = OneBroker.newTopic(3);
        MillraceProducer<String, String> producer = producer(2, "linger.ms", 60_000);
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 100; i++)
            producer.send(new ProducerRecord<>(topic, i % 3, null, "v"), (metadata, e) -> {
                // Far from the second that they have, but longer than close takes.
                if (told.size() % 10 == 0)
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
                told.add(e.getMessage());
            });
        producer.close(Duration.ZERO);
        assertEquals(Collections.nCopies(100, ABORTED), told);
    }

    @Test
    void shouldNotHangWhenItIsClosedWhileACallbackDoes() throws Exception {
        String topic = OneBroker.newTopic(1);
        MillraceProducer<String, String> producer = producer(1, "client.id", "hanging", "linger.ms", 100);
        Future<RecordMetadata> hung = producer.send(new ProducerRecord<>(topic, "v"), this::hang);
        Future<RecordMetadata> behind = producer.send(new ProducerRecord<>(topic, "v"), (metadata, e) -> called.incrementAndGet());
        hangs.await();
        CompletableFuture<RecordMetadata> queued = producer.sendAsync(new ProducerRecord<>(topic, "v"));
        assertFalse(hung.isDone());
        producer.close(Duration.ofMillis(300));
        // It is in the log, and nobody waits for callbacks any more.
        assertEquals(0, hung.get(0, TimeUnit.SECONDS).offset());
        assertEquals(1, behind.get(0, TimeUnit.SECONDS).offset());
        assertTrue(queued.isDone());
        List<Thread> left = NothingLeftBehind.producerThreads().stream().filter(t -> t.getName().endsWith("| hanging"))
                .collect(Collectors.toList());
        assertEquals(1, left.size());
        mayReturn.countDown();
        left.get(0).join();
        assertEquals(1, called.get(), "no more than the one that hung");
    }

    // ---------------------------------------------------------------- transactions and interceptors

    @Test
    void shouldCommitNotBeforeCallbacksHaveReturned() {
        String topic = OneBroker.newTopic(3);
        List<String> values = new ArrayList<>();
        List<Exception> errors = Collections.synchronizedList(new ArrayList<>());
        Callback callback = (metadata, e) -> {
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
            if (e != null)
                errors.add(e);
            called.incrementAndGet();
        };
        try (MillraceProducer<String, String> producer = producer(2, "transactional.id", topic, "batch.size", 500)) {
            producer.initTransactions();
            for (int transaction = 0; transaction < 5; transaction++) {
                producer.beginTransaction();
                for (int i = 0; i < 300; i++) {
                    values.add(transaction + "-" + i);
                    producer.send(new ProducerRecord<>(topic, i % 3, null, values.get(values.size() - 1)), callback);
                }
                producer.commitTransaction();
                assertEquals(300, called.getAndSet(0));
                assertEquals(List.of(), errors);
                producer.beginTransaction();
                for (int i = 0; i < 300; i++)
                    producer.send(new ProducerRecord<>(topic, i % 3, null, "aborted"), callback);
                producer.abortTransaction();
                assertEquals(300, called.getAndSet(0));
                assertTrue(errors.stream().allMatch(e -> e instanceof TransactionAbortedException), errors::toString);
                errors.clear();
            }
        }
        assertEquals(Set.copyOf(values), Set.copyOf(OneBroker.readCommitted(topic)));
        assertEquals(values.size(), OneBroker.readCommitted(topic).size());
    }

    /** What its instances saw; they are made by the producer. */
    private static final Set<String> SEEN = Collections.synchronizedSet(new TreeSet<>());

    /** Says on which threads it is called. */
    public static final class Watching implements ProducerInterceptor<String, String> {
        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public ProducerRecord<String, String> onSend(ProducerRecord<String, String> record) {
            return record;
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
            SEEN.add(Thread.currentThread().getName());
        }

        @Override
        public void close() {
            SEEN.add("closed");
        }
    }

    @Test
    void shouldCallInterceptorsWithTheCallbacks() throws Exception {
        String topic = OneBroker.newTopic(1);
        SEEN.clear();
        try (MillraceProducer<String, String> producer = producer(1, "client.id", "seen",
                "interceptor.classes", List.of(Watching.class))) {
            producer.send(new ProducerRecord<>(topic, "v")).get();
            assertEquals(Set.of("kafka-producer-callback-thread-0 | seen"), SEEN);
            CompletableFuture<String> thread = producer.sendAsync(new ProducerRecord<>(topic, "v"))
                    .thenApply(metadata -> Thread.currentThread().getName());
            assertEquals("kafka-producer-callback-thread-0 | seen", thread.get());
        }
        assertTrue(SEEN.contains("closed"));
        assertEquals(List.of("v", "v"), OneBroker.readOne(topic).stream().map(ConsumerRecord::value).toList());
    }
}
