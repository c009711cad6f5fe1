package dev.millrace.perf.broker;

import dev.millrace.perf.spec.RunFailedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Reads a topic's records to count them as a consumer is given them. The ends of the logs do not tell how many those are: an
 * aborted transaction's records have offsets too, each transaction adds a marker to every partition it touched, and compaction
 * leaves holes.
 */
final class LogScan {
    private static final Duration POLL = Duration.ofMillis(200);
    /** Only how many there are is asked for. */
    private static final Deserializer<Void> NOTHING = (topic, bytes) -> null;

    private final Map<String, Object> settings;
    private final Duration noProgress;

    /**
     * @param settings the way to the brokers
     * @param noProgress give up when nothing came for so long
     * @param committed whether to leave out what was not committed
     */
    LogScan(Map<String, Object> settings, Duration noProgress, boolean committed) {
        this.settings = new HashMap<>(settings);
        this.settings.keySet().retainAll(ConsumerConfig.configNames());
        this.settings.put(ConsumerConfig.CLIENT_ID_CONFIG, "millrace-perf-scan");
        this.settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, committed ? "read_committed" : "read_uncommitted");
        this.settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        this.settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        this.settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        this.noProgress = noProgress;
    }

    /**
     * Reads each partition from {@code from} up to {@code to}; a partition that {@code from} does not know from its beginning.
     *
     * @param visitor gets each record's partition and offset
     * @return how many records there are
     * @throws RunFailedException when that cannot be done
     */
    long read(Topic topic, EndOffsets from, EndOffsets to, OffsetVisitor visitor) {
        try (Consumer<Void, Void> consumer = new KafkaConsumer<>(settings, NOTHING, NOTHING)) {
            Map<TopicPartition, Long> ends = new HashMap<>();
            to.byPartition().forEach((partition, end) -> ends.put(new TopicPartition(topic.name(), partition), end));
            consumer.assign(ends.keySet());
            ends.keySet().forEach(partition ->
                    consumer.seek(partition, from.byPartition().getOrDefault(partition.partition(), 0L)));
            return read(consumer, ends, visitor);
        } catch (KafkaException e) {
            throw new RunFailedException("cannot read topic " + topic.name() + ": " + e.getMessage(), e);
        }
    }

    private long read(Consumer<Void, Void> consumer, Map<TopicPartition, Long> ends, OffsetVisitor visitor) {
        long count = 0;
        long position = -1;
        long movedNs = System.nanoTime();
        // Positions and not records say when the end is reached: a log may end in markers, or in an aborted transaction.
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            for (ConsumerRecord<Void, Void> record : consumer.poll(POLL)) {
                count++;
                visitor.visit(record.partition(), record.offset());
            }
            long newPosition = ends.keySet().stream().mapToLong(consumer::position).sum();
            long nowNs = System.nanoTime();
            if (newPosition != position) {
                position = newPosition;
                movedNs = nowNs;
            } else if (nowNs - movedNs > noProgress.toNanos()) {
                throw new RunFailedException("cannot read the records: nothing came for " + noProgress.toSeconds()
                        + " s, after " + count + " records; the ends to be reached are " + ends);
            }
        }
        return count;
    }
}
