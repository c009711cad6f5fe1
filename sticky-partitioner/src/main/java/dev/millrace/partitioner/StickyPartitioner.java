package dev.millrace.partitioner;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.config.ConfigDef;

/**
 * Kafka's default choice of a partition: by the key's hash where there is one ({@link KeyHash}), and without a key
 * sticky and adaptive, as KIP-794 describes it. Records without a key go to one partition until {@code batch.size}
 * bytes went to it, so that batches fill; then to the next, which is the less likely the longer its queue is, so that
 * a slow broker gets less.
 *
 * <p>Config keys, with {@code KafkaProducer}'s meaning and defaults:
 * <ul>
 * <li>{@code batch.size} (16384): bytes to a partition before a switch;
 * <li>{@code partitioner.ignore.keys} (false): true treats every record as if it had no key;
 * <li>{@code partitioner.adaptive.partitioning.enable} (true): false regards neither queues nor availability;
 * <li>{@code partitioner.availability.timeout.ms} (0, off) is the engine's to measure: a partition whose leader takes
 * no data for so long is left out, see {@link PartitionLoad#available}.
 * </ul>
 *
 * <p><b>In an engine that knows {@link LoadAware}</b> (Millrace's) a switch waits until the partition's batches are
 * full, up to twice {@code batch.size}, and the choice knows the queues. <b>In a plain {@code KafkaProducer}</b> neither
 * is told: runs end before the record that would exceed {@code batch.size}, by the lengths of the serialized key and
 * value and a constant for the rest (headers and compression are not seen), and every partition with a leader is as
 * likely as any other.
 *
 * <p>Partitions without a leader get no keyless record while there is one with; a new metadata snapshot is noticed by
 * identity, so callers must pass the same {@link Cluster} as long as nothing changed.
 *
 * <p>Thread-safe. No lock; a record costs a map lookup (the first topic used: a comparison), a volatile read or two, and one
 * atomic add where no engine tells what was appended; it allocates nothing.
 * All threads share one sticky partition a topic until they get into each other's way ({@link LoadAware#collided}, which only
 * an engine tells); then there are more, at most twice as many as processors and one less than partitions, and fewer again
 * when nobody collides any more.
 */
public class StickyPartitioner implements Partitioner, LoadAware {
    static final ConfigDef CONFIG = new ConfigDef()
            .define(ProducerConfig.BATCH_SIZE_CONFIG, ConfigDef.Type.INT, 16384, ConfigDef.Range.atLeast(0),
                    ConfigDef.Importance.MEDIUM, "Bytes to a partition before a switch.")
            .define(ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG, ConfigDef.Type.BOOLEAN, false,
                    ConfigDef.Importance.MEDIUM, "Whether keyed records are treated as keyless ones.")
            .define(ProducerConfig.PARTITIONER_ADAPTIVE_PARTITIONING_ENABLE_CONFIG, ConfigDef.Type.BOOLEAN, true,
                    ConfigDef.Importance.LOW, "Whether partitions with longer queues get less.");
    /**
     * What a record without headers takes beside its key and value: the varints of length, timestamp, offset and both
     * lengths, and the attributes. 9 to 12 in batches of usual sizes; rather too much, for a run that is longer than
     * its batch leaves a fractional one.
     */
    private static final int RECORD_OVERHEAD_BYTES = 12;

    private final ConcurrentMap<String, StickyTopic> topics = new ConcurrentHashMap<>();
    private final Supplier<? extends RandomGenerator> random;
    /**
     * Saves the lookup; written and read by any thread, and any topic does, for it is looked at before it is used. The first, and
     * not the last one used: threads that write to several topics would take the place from each other with every record.
     */
    private StickyTopic firstUsed;
    /** These three are set by configure, before the first record. */
    private long batchSize = 16384;
    private boolean ignoreKeys;
    private boolean adaptive = true;
    /** Set once before the first record, or never. */
    private volatile PartitionLoad load;

    /** Called by the producer, which configures it then. */
    public StickyPartitioner() {
        this(ThreadLocalRandom::current);
    }

    /** For tests that must come out the same every time. */
    StickyPartitioner(Supplier<? extends RandomGenerator> random) {
        this.random = random;
    }

    /**
     * Reads the keys above; the others are the producer's.
     *
     * @throws org.apache.kafka.common.config.ConfigException when a value is of a wrong type or out of range
     */
    @Override
    public void configure(Map<String, ?> configs) {
        Map<String, Object> values = CONFIG.parse(configs);
        batchSize = (int) values.get(ProducerConfig.BATCH_SIZE_CONFIG);
        ignoreKeys = (boolean) values.get(ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG);
        adaptive = (boolean) values.get(ProducerConfig.PARTITIONER_ADAPTIVE_PARTITIONING_ENABLE_CONFIG);
    }

    @Override
    public void watch(PartitionLoad load) {
        this.load = load;
    }

    /**
     * The key's partition, or the sticky one. Never blocks.
     *
     * @throws org.apache.kafka.common.errors.UnknownTopicOrPartitionException when the snapshot has no partition of
     *                                                                         the topic
     */
    @Override
    public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
        if (keyBytes != null && !ignoreKeys) {
            return KeyHash.partition(keyBytes, TopicPartitions.all(topic, cluster).size());
        }
        StickyTopic sticky = topic(topic);
        return sticky.watched() ? sticky.peek(cluster) : sticky.take(sizeOf(keyBytes, valueBytes), cluster);
    }

    @Override
    public void appended(String topic, int partition, int bytes, boolean batchesFull, Cluster cluster) {
        topic(topic).appended(partition, bytes, batchesFull, cluster);
    }

    @Override
    public void collided(String topic) {
        topic(topic).collided();
    }

    private StickyTopic topic(String topic) {
        StickyTopic first = firstUsed;
        // The same string nearly always: most producers write to one topic, and programs name it by a constant.
        return first != null && first.topic() == topic ? first : topicSlowPath(topic);
    }

    private StickyTopic topicSlowPath(String topic) {
        StickyTopic known = topics.get(topic);
        StickyTopic found = known != null ? known : topics.computeIfAbsent(topic,
                t -> new StickyTopic(t, batchSize, adaptive, load, random));
        if (firstUsed == null) {
            firstUsed = found;
        }
        return found;
    }

    /** Serialized records are arrays and their sum may exceed an int; a run of one record it is in any case. */
    private static int sizeOf(byte[] keyBytes, byte[] valueBytes) {
        long size = RECORD_OVERHEAD_BYTES + (keyBytes == null ? 0L : keyBytes.length)
                + (valueBytes == null ? 0L : valueBytes.length);
        return (int) Math.min(size, Integer.MAX_VALUE);
    }

    /** Forgets the topics; may be called again. */
    @Override
    public void close() {
        topics.clear();
        firstUsed = null;
    }
}
