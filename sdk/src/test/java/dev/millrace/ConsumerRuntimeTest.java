package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.internal.consumer.commit.TopicIds;
import dev.millrace.internal.consumer.poll.Surroundings;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A consumer with its threads, over Kafka's mock: beginning, changes while it runs, and ends. */
@Timeout(60)
class ConsumerRuntimeTest {

    private static final TopicPartition TP = new TopicPartition("orders", 0);
    private static final Duration SOON = Duration.ofSeconds(30);

    private final Mock kafka = new Mock();

    private static class Mock extends MockConsumer<ByteBuffer, ByteBuffer> {

        /** By the poll thread; read when that has ended. */
        private volatile long lastCommit = -1;

        Mock() {
            super("earliest");
            updateBeginningOffsets(Map.of(TP, 0L));
        }

        /** Assigns the partition and has it hold so many records; at the next poll. */
        void begin(int records) {
            schedulePollTask(() -> {
                rebalance(List.of(TP));
                for (int i = 0; i < records; i++)
                    addRecord(new ConsumerRecord<>(TP.topic(), TP.partition(), i, 0L, TimestampType.CREATE_TIME, -1, 0, null,
                            ByteBuffer.allocate(0), new RecordHeaders(), Optional.empty()));
            });
        }

        /** The offset committed last; the mock does not tell when it is closed. */
        long lastCommit() {
            return lastCommit;
        }

        @Override
        public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
            lastCommit = offsets.get(TP).offset();
            super.commitAsync(offsets, callback);
        }

        /** The mock's own does not wait. */
        @Override
        public ConsumerRecords<ByteBuffer, ByteBuffer> poll(Duration timeout) {
            ConsumerRecords<ByteBuffer, ByteBuffer> records = super.poll(timeout);
            if (records.isEmpty() && !timeout.isZero())
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            return records;
        }
    }

    private record OverMock(Consumer<ByteBuffer, ByteBuffer> kafka) implements Surroundings {

        @Override
        public Consumer<ByteBuffer, ByteBuffer> consumer(Map<String, Object> config) {
            return kafka;
        }

        @Override
        public TopicIds topicIds(Map<String, Object> config) {
            return topics -> Map.of();
        }

        @Override
        public Producer<byte[], byte[]> deadLetterProducer(Producer<byte[], byte[]> given) {
            return given;
        }

        @Override
        public Producer<byte[], byte[]> outputProducer(Supplier<? extends Producer<byte[], byte[]>> given) {
            return given.get();
        }

        @Override
        public ExecutorService outputThread(String name) {
            return REAL.outputThread(name);
        }

        @Override
        public Time time() {
            return Time.SYSTEM;
        }

        @Override
        public void park(long ns) {
            LockSupport.parkNanos(ns);
        }
    }

    private static ParallelConsumer.Builder<String, String> builder() {
        return ParallelConsumer.<String, String>builder(Map.of("bootstrap.servers", "localhost:1", "group.id", "billing",
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class))
                .topics("orders").handler(record -> { });
    }

    private ConsumerRuntime<String, String> runtime(ParallelConsumer.Builder<String, String> builder) {
        return new ConsumerRuntime<>(builder, new OverMock(kafka));
    }

    // ---------------------------------------------------------------- concurrency

    /** Handlers that stand in a room until they are let out. */
    private static final class Room {

        /** Fair: who came first is let out first, not who comes again. */
        private final Semaphore ways = new Semaphore(0, true);
        /** Guarded by this. */
        private int inside;
        private int left;
        private int most;

        void enter() throws InterruptedException {
            synchronized (this) {
                inside++;
                most = Math.max(most, inside);
                notifyAll();
            }
            ways.acquire();
            synchronized (this) {
                inside--;
                left++;
                notifyAll();
            }
        }

        void letOut(int count) {
            ways.release(count);
        }

        synchronized void await(int insideNow, int leftByNow) throws InterruptedException {
            while (inside != insideNow || left != leftByNow)
                wait();
        }

        synchronized void forgetMost() {
            most = inside;
        }

        synchronized int most() {
            return most;
        }
    }

    @Test
    void shouldChangeTheConcurrencyWhileHandlersRun() throws Exception {
        Room room = new Room();
        ConsumerRuntime<String, String> runtime = runtime(builder().ordering(ProcessingOrder.UNORDERED).concurrency(2)
                .handler(record -> room.enter()));
        runtime.start();
        kafka.begin(40);
        room.await(2, 0);
        runtime.resize(5);
        room.await(5, 0);
        runtime.resize(1);
        room.letOut(5);
        // Of five, one goes on.
        room.await(1, 5);
        room.forgetMost();
        for (int i = 1; i <= 10; i++) {
            room.letOut(1);
            room.await(1, 5 + i);
        }
        assertEquals(1, room.most());
        runtime.resize(3);
        room.await(3, 15);
        room.letOut(25);
        room.await(0, 40);
        runtime.close();
        assertEquals(40, kafka.lastCommit());
    }

    // ---------------------------------------------------------------- ends

    @Test
    void shouldTellAFailureToAllWhoAsk() throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        CompletableFuture<KafkaException> reason = new CompletableFuture<>();
        ConsumerRuntime<String, String> runtime = runtime(builder().failureListener(failure -> {
            told.complete(Thread.currentThread().getName() + " left " + kafka.closed());
            reason.complete(failure);
        }));
        assertFalse(runtime.awaitTermination(Duration.ZERO));
        runtime.start();
        assertThrows(IllegalStateException.class, runtime::start);
        kafka.begin(1);
        GroupAuthorizationException failure = new GroupAuthorizationException("billing");
        kafka.setPollException(failure);
        assertEquals("millrace-consumer-billing left true", told.get(SOON.toSeconds(), TimeUnit.SECONDS));
        assertSame(failure, reason.get());
        KafkaException thrown = assertThrows(KafkaException.class, () -> runtime.awaitTermination(SOON));
        assertTrue(thrown.getMessage().startsWith("The consumer ended by itself: "), thrown.getMessage());
        assertSame(failure, thrown.getCause());
        assertThrows(IllegalStateException.class, () -> runtime.call(loop -> loop.seek(TP, 0)));
        assertSame(failure, assertThrows(KafkaException.class, runtime::close).getCause());
        runtime.close();
    }

    @Test
    void shouldEndWithTheReasonWhenItCannotEvenBegin() throws Exception {
        KafkaException failure = new KafkaException("no such group");
        Mock refusing = new Mock() {
            @Override
            public synchronized void subscribe(Collection<String> topics, ConsumerRebalanceListener listener) {
                throw failure;
            }
        };
        CompletableFuture<KafkaException> told = new CompletableFuture<>();
        ConsumerRuntime<String, String> runtime = new ConsumerRuntime<>(builder().failureListener(told::complete), new OverMock(refusing));
        runtime.start();
        assertSame(failure, assertThrows(KafkaException.class, () -> runtime.awaitTermination(SOON)).getCause());
        assertSame(failure, told.get(SOON.toSeconds(), TimeUnit.SECONDS));
        assertTrue(refusing.closed());
        assertThrows(KafkaException.class, runtime::close);
    }

    /** Kafka's consumer goes on polling after a listener that threw, with partitions of which nobody would know where they begin. */
    @Test
    void shouldEndWithTheReasonWhenTheCommittedOffsetsAreRefused() throws Exception {
        GroupAuthorizationException failure = new GroupAuthorizationException("billing");
        Mock refusing = new Mock() {
            @Override
            public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
                throw failure;
            }

            @Override
            public ConsumerRecords<ByteBuffer, ByteBuffer> poll(Duration timeout) {
                try {
                    return super.poll(timeout);
                } catch (GroupAuthorizationException e) {
                    // As Kafka's consumer wraps what a listener throws.
                    throw new KafkaException("User rebalance callback throws an error", e);
                }
            }
        };
        ConsumerRuntime<String, String> runtime = new ConsumerRuntime<>(builder(), new OverMock(refusing));
        runtime.start();
        refusing.begin(1);
        assertSame(failure, assertThrows(KafkaException.class, () -> runtime.awaitTermination(SOON)).getCause());
        assertThrows(KafkaException.class, runtime::close);
    }

    /** KIP-848: it was thrown out of its group while it was told of its partitions, or is taken for one that was. */
    @Test
    void shouldBeginLaterWhatTheGroupDoesNotSayWhereToBegin() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Mock outside = new Mock() {
            @Override
            public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
                if (asked.incrementAndGet() < 3)
                    throw asked.get() == 1 ? new UnknownMemberIdException("who is that?") : new StaleMemberEpochException("that was before");
                return super.committed(partitions);
            }
        };
        List<Long> handled = new CopyOnWriteArrayList<>();
        List<String> told = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> all = new CompletableFuture<>();
        ConsumerRuntime<String, String> runtime = new ConsumerRuntime<>(builder().config("retry.backoff.ms", 20)
                .rebalanceListener(new RebalanceListener() {
                    @Override
                    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                        told.add(asked + " " + partitions);
                    }
                })
                .handler(record -> {
                    handled.add(record.offset());
                    if (handled.size() == 3)
                        all.complete(null);
                }), new OverMock(outside));
        runtime.start();
        outside.begin(3);
        all.get(SOON.toSeconds(), TimeUnit.SECONDS);
        runtime.close();
        assertEquals(List.of("3 [" + TP + "]"), told);
        assertEquals(Set.of(0L, 1L, 2L), Set.copyOf(handled));
        assertEquals(3, outside.lastCommit());
    }

    @Test
    void shouldCloseWithoutHavingBegun() throws Exception {
        ConsumerRuntime<String, String> runtime = runtime(builder());
        assertThrows(IllegalStateException.class, () -> runtime.resize(3));
        runtime.close();
        runtime.close();
        assertTrue(kafka.closed());
        assertTrue(runtime.awaitTermination(Duration.ZERO));
        assertThrows(IllegalStateException.class, runtime::start);
    }

    @Test
    void shouldInterruptHandlersThatRunBeyondTheDrain() throws Exception {
        CompletableFuture<Void> begun = new CompletableFuture<>();
        CompletableFuture<Void> interrupted = new CompletableFuture<>();
        ConsumerRuntime<String, String> runtime = runtime(builder().config("millrace.consumer.drain.timeout.ms", 1).handler(record -> {
            begun.complete(null);
            try {
                new Semaphore(0).acquire();
            } catch (InterruptedException e) {
                interrupted.complete(null);
            }
        }));
        runtime.start();
        kafka.begin(1);
        begun.get(SOON.toSeconds(), TimeUnit.SECONDS);
        runtime.close();
        interrupted.get(SOON.toSeconds(), TimeUnit.SECONDS);
        assertEquals(0, kafka.lastCommit());
    }
}
