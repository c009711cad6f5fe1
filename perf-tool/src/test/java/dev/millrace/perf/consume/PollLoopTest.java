package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.RunFailedException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PollLoopTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    private final AtomicLong handled = new AtomicLong();
    private final CountDownLatch last = new CountDownLatch(1);

    private final Work work = new Work() {
        @Override
        public void handle(ConsumerRecord<?, ?> record) {
            if (handled.incrementAndGet() == 2) {
                last.countDown();
            }
        }

        @Override
        public CompletionStage<?> handleAsync(ConsumerRecord<?, ?> record) {
            throw new AssertionError("a loop has no use for it");
        }
    };

    private static MockConsumer<byte[], byte[]> consumer() {
        MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
        consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
        consumer.schedulePollTask(() -> consumer.rebalance(List.of(PARTITION)));
        return consumer;
    }

    @Test
    void shouldHandleWhatItPollsAndClose() throws InterruptedException {
        MockConsumer<byte[], byte[]> consumer = consumer();
        consumer.schedulePollTask(() -> {
            consumer.addRecord(new ConsumerRecord<>("t", 0, 0, null, new byte[0]));
            consumer.addRecord(new ConsumerRecord<>("t", 0, 1, null, new byte[0]));
        });
        PollLoop loop = new PollLoop(consumer, "t", work, () -> false);
        loop.start();
        assertTrue(last.await(1, TimeUnit.MINUTES));
        loop.close();
        assertEquals(2, handled.get());
        assertTrue(consumer.closed());
        assertTrue(loop.failure().isEmpty());
    }

    @Test
    void shouldTellWhatPollThrows() {
        MockConsumer<byte[], byte[]> consumer = consumer();
        consumer.setPollException(new KafkaException("not allowed"));
        PollLoop loop = new PollLoop(consumer, "t", work, () -> false);
        loop.start();
        long deadlineNs = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (loop.failure().isEmpty() && System.nanoTime() - deadlineNs < 0) {
            Thread.onSpinWait();
        }
        RunFailedException e = assertThrows(RunFailedException.class, loop::close);
        assertTrue(e.getMessage().contains("not allowed"), e.getMessage());
        assertTrue(consumer.closed());
    }
}
