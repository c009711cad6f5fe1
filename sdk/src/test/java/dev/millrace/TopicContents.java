package dev.millrace;

import dev.millrace.testkit.KafkaCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What is in topics of one partition. */
final class TopicContents {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private TopicContents() {
    }

    /** All records that a topic has now, in their order, as {@code key=value}. */
    static List<String> all(KafkaCluster cluster, String topic) {
        return read(cluster, topic, "read_uncommitted");
    }

    /** All records but those of transactions that were aborted; waits for transactions that are open. */
    static List<String> committed(KafkaCluster cluster, String topic) {
        return read(cluster, topic, "read_committed");
    }

    /** Blocks until a topic has so many records to read. */
    static void awaitEnd(KafkaCluster cluster, String topic, long count) {
        long deadlineNs = System.nanoTime() + TIMEOUT.toNanos();
        while (cluster.endOffsets(topic).get(0) < count) {
            if (System.nanoTime() - deadlineNs > 0)
                throw new IllegalStateException(topic + " has " + cluster.endOffsets(topic) + ", not " + count + ", after " + TIMEOUT);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private static List<String> read(KafkaCluster cluster, String topic, String isolation) {
        TopicPartition partition = new TopicPartition(topic, 0);
        long end = cluster.endOffsets(topic).get(0);
        List<String> records = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", cluster.bootstrapServers(), "isolation.level", isolation,
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long deadlineNs = System.nanoTime() + TIMEOUT.toNanos();
            while (consumer.position(partition) < end) {
                if (System.nanoTime() - deadlineNs > 0)
                    throw new IllegalStateException("Could not read " + topic + " up to " + end + " in " + TIMEOUT + ", but "
                            + records.size() + " records");
                consumer.poll(Duration.ofMillis(500)).forEach(record -> records.add(record.key() + "=" + record.value()));
            }
        }
        return records;
    }
}
