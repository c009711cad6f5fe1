package dev.millrace.partitioner;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.PartitionInfo;

/**
 * Every record to the next partition of its topic, keys ignored; partitions without a leader are left out while there
 * is one with. For an even count of records per partition at any moment; it batches badly (every partition has an open
 * batch that fills slowly), so {@link StickyPartitioner} is the better choice for throughput.
 *
 * <p>In the order of Kafka's class of the same name, which this one can replace. With clients before Kafka 4.0 such a
 * partitioner skipped partitions (KAFKA-9965): {@code KafkaProducer} asked a second time for a record that opened a new
 * batch, so with an even number of partitions half of them could stay empty. It asks once a record since, and so does
 * Millrace's engine of a partitioner that is not {@link LoadAware}.
 *
 * <p>Thread-safe, wait-free; no allocation per record.
 */
public class RoundRobinPartitioner implements Partitioner {
    private final ConcurrentMap<String, AtomicInteger> counters = new ConcurrentHashMap<>();

    /** No keys of its own. */
    @Override
    public void configure(Map<String, ?> configs) {
    }

    /**
     * The next partition of the topic.
     *
     * @throws org.apache.kafka.common.errors.UnknownTopicOrPartitionException when the snapshot has no partition of it
     */
    @Override
    public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
        List<PartitionInfo> candidates = TopicPartitions.withLeader(topic, cluster);
        int turn = counter(topic).getAndIncrement() & 0x7fffffff;
        return candidates.get(turn % candidates.size()).partition();
    }

    private AtomicInteger counter(String topic) {
        AtomicInteger counter = counters.get(topic);
        return counter != null ? counter : counters.computeIfAbsent(topic, t -> new AtomicInteger());
    }

    /** Nothing to release; may be called again. */
    @Override
    public void close() {
    }
}
