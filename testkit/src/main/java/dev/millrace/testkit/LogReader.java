package dev.millrace.testkit;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a whole topic, from the beginning to where it ends when the reading begins. */
final class LogReader {
    private static final Duration POLL = Duration.ofMillis(200);

    private final Map<String, Object> properties;
    private final Duration noProgress;

    LogReader(Map<String, ?> consumerProperties, Duration noProgress) {
        this.properties = new HashMap<>(consumerProperties);
        // No group and no commits; every record comes from the log itself.
        properties.remove(ConsumerConfig.GROUP_ID_CONFIG);
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.putIfAbsent(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        this.noProgress = noProgress;
    }

    void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        try (KafkaConsumer<byte[], byte[]> consumer =
                     new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitions(consumer, topic);
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = logEnds(partitions);
            consumer.seekToBeginning(partitions);
            long deadlineNs = System.nanoTime() + noProgress.toNanos();
            while (!reached(consumer, ends)) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                records.forEach(reader);
                if (!records.isEmpty()) {
                    deadlineNs = System.nanoTime() + noProgress.toNanos();
                } else if (System.nanoTime() - deadlineNs > 0) {
                    throw new IllegalStateException("nothing to read from " + topic + " for " + noProgress.toSeconds()
                            + " s; not yet read to the end: " + ends + "; is the cluster up, or, for a read_committed"
                            + " reader, is a transaction still open?");
                }
            }
        }
    }

    private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        List<PartitionInfo> known = consumer.partitionsFor(topic);
        if (known == null || known.isEmpty()) {
            throw new IllegalStateException("topic " + topic + " does not exist; create it, or check its name");
        }
        return known.stream().map(p -> new TopicPartition(topic, p.partition())).toList();
    }

    /**
     * Where the log ends, whatever the reader's isolation level: a {@code read_committed} consumer's own end is the
     * last stable offset, and that passes a committed transaction only when its markers are written, some time after
     * {@code commitTransaction} has returned.
     */
    private Map<TopicPartition, Long> logEnds(List<TopicPartition> partitions) {
        Map<String, Object> uncommitted = new HashMap<>(properties);
        uncommitted.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        try (KafkaConsumer<byte[], byte[]> consumer =
                     new KafkaConsumer<>(uncommitted, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            return new HashMap<>(consumer.endOffsets(partitions));
        }
    }

    /**
     * Drops the partitions read to their end and pauses them, so that records appended meanwhile are not read.
     * Positions, not records, decide: a log may end in transaction markers.
     */
    private static boolean reached(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        ends.entrySet().removeIf(end -> {
            boolean done = consumer.position(end.getKey()) >= end.getValue();
            if (done) {
                consumer.pause(List.of(end.getKey()));
            }
            return done;
        });
        return ends.isEmpty();
    }
}
