package dev.millrace;

import dev.millrace.testkit.KafkaCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What is in topics. */
final class TopicContents {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private TopicContents() {
    }

    /** All records that a topic has now, partition after partition, in their order, as {@code key=value}. */
    static List<String> all(KafkaCluster cluster, String topic) {
        return all(cluster, topic, "read_uncommitted").stream().map(TopicContents::text).toList();
    }

    /** All records but those of transactions that were aborted; waits for transactions that are open. */
    static List<String> committed(KafkaCluster cluster, String topic) {
        return all(cluster, topic, "read_committed").stream().map(TopicContents::text).toList();
    }

    /** The values of {@link #all}. */
    static List<String> values(KafkaCluster cluster, String topic) {
        return all(cluster, topic, "read_uncommitted").stream().map(ConsumerRecord::value).toList();
    }

    /** The values of {@link #committed}. */
    static List<String> committedValues(KafkaCluster cluster, String topic) {
        return all(cluster, topic, "read_committed").stream().map(ConsumerRecord::value).toList();
    }

    /** Blocks until a topic of one partition has so many records to read. */
    static void awaitEnd(KafkaCluster cluster, String topic, long count) {
        long deadlineNs = System.nanoTime() + TIMEOUT.toNanos();
        while (cluster.endOffsets(topic).get(0) < count) {
            if (System.nanoTime() - deadlineNs > 0)
                throw new IllegalStateException(topic + " has " + cluster.endOffsets(topic) + ", not " + count + ", after " + TIMEOUT);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    /** All records that a topic has now, by partition, in their order. */
    static List<List<ConsumerRecord<String, String>>> byPartition(KafkaCluster cluster, String topic) {
        return read(cluster, topic, "read_uncommitted");
    }

    private static List<ConsumerRecord<String, String>> all(KafkaCluster cluster, String topic, String isolation) {
        return read(cluster, topic, isolation).stream().flatMap(List::stream).toList();
    }

    private static String text(ConsumerRecord<String, String> record) {
        return record.key() + "=" + record.value();
    }

    private static List<List<ConsumerRecord<String, String>>> read(KafkaCluster cluster, String topic, String isolation) {
        // The log's own ends: the markers of a transaction are written after its commit has returned.
        Map<Integer, Long> ends = cluster.endOffsets(topic);
        List<List<ConsumerRecord<String, String>>> records = new ArrayList<>();
        List<TopicPartition> partitions = new ArrayList<>();
        for (int p = 0; p < ends.size(); p++) {
            records.add(new ArrayList<>());
            partitions.add(new TopicPartition(topic, p));
        }
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", cluster.bootstrapServers(), "isolation.level", isolation,
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class))) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long deadlineNs = System.nanoTime() + TIMEOUT.toNanos();
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition.partition()))) {
                if (System.nanoTime() - deadlineNs > 0)
                    throw new IllegalStateException("Could not read " + topic + " up to " + ends + " in " + TIMEOUT + ", but "
                            + records.stream().map(List::size).toList() + " records");
                consumer.poll(Duration.ofMillis(500)).forEach(record -> records.get(record.partition()).add(record));
            }
        }
        return records;
    }
}
