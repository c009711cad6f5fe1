package dev.millrace.faults;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;

/** Reads what groups commit, as it is written, from the topic where brokers keep it. */
final class CommitWatch implements AutoCloseable {

    private static final String TOPIC = "__consumer_offsets";

    /** Told of commits, on the thread that reads them. */
    interface Listener {
        /** @param timestampMs when the coordinator took it, by its clock */
        void committed(TopicPartition partition, long offset, String metadata, long timestampMs);
    }

    private final Map<String, Listener> listeners = new ConcurrentHashMap<>();
    private final KafkaConsumer<ByteBuffer, ByteBuffer> consumer;
    private final Thread thread = new Thread(this::run, "commit-watch");
    private volatile boolean closed;
    /** What ended the thread, if anything did. */
    private volatile Throwable failure;

    /** @param partitions of the topic of offsets, which is there */
    CommitWatch(String bootstrapServers, int partitions) {
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "earliest",
                "reconnect.backoff.max.ms", 200, "request.timeout.ms", 5_000,
                "key.deserializer", ByteBufferDeserializer.class, "value.deserializer", ByteBufferDeserializer.class));
        List<TopicPartition> all = IntStream.range(0, partitions).mapToObj(i -> new TopicPartition(TOPIC, i)).toList();
        consumer.assign(all);
        consumer.seekToBeginning(all);
        thread.setDaemon(true);
        thread.start();
    }

    /** Has a group's commits told, from the next one on; null for no longer. */
    void listen(String group, Listener listener) {
        if (listener == null)
            listeners.remove(group);
        else
            listeners.put(group, listener);
    }

    /** @throws IllegalStateException when nothing is read any more */
    void assertRuns() {
        if (failure != null)
            throw new IllegalStateException("commits are not read any more", failure);
    }

    private void run() {
        try (consumer) {
            while (!closed)
                for (ConsumerRecord<ByteBuffer, ByteBuffer> record : consumer.poll(Duration.ofMillis(100)))
                    read(record);
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    private void read(ConsumerRecord<ByteBuffer, ByteBuffer> record) {
        ByteBuffer keyBytes = record.key();
        if (keyBytes == null || record.value() == null || keyBytes.getShort() != new OffsetCommitKey().apiKey())
            return;
        OffsetCommitKey key = new OffsetCommitKey(new ByteBufferAccessor(keyBytes), (short) 0);
        Listener listener = listeners.get(key.group());
        if (listener == null)
            return;
        ByteBuffer valueBytes = record.value();
        short version = valueBytes.getShort();
        OffsetCommitValue value = new OffsetCommitValue(new ByteBufferAccessor(valueBytes), version);
        listener.committed(new TopicPartition(key.topic(), key.partition()), value.offset(), value.metadata(), value.commitTimestamp());
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
