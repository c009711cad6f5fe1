package dev.millrace;

import dev.millrace.testkit.KafkaCluster;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The one broker that tests of this package share, each with topics of its own; it ends with this JVM. */
final class OneBroker {

    private static final KafkaCluster CLUSTER = KafkaCluster.builder().brokers(1).start();
    private static final AtomicInteger TOPICS = new AtomicInteger();

    private OneBroker() {
    }

    static KafkaCluster cluster() {
        return CLUSTER;
    }

    /** Makes a topic of a new name. */
    static String newTopic(int partitions) {
        return newTopic(partitions, Map.of());
    }

    /** Makes a topic of a new name. */
    static String newTopic(int partitions, Map<String, String> configs) {
        String topic = unusedTopic();
        createTopic(topic, partitions, configs);
        return topic;
    }

    /** Makes a topic that takes records when this returns. */
    static void createTopic(String topic, int partitions, Map<String, String> configs) {
        CLUSTER.createTopic(topic, partitions, 1, configs);
        // A broker tells of a leader a moment before it is one. In that moment KafkaProducer can lose its first batch, as the
        // broker takes any sequence for a producer's first.
        CLUSTER.endOffsets(topic);
    }

    /** A name no topic has. */
    static String unusedTopic() {
        return "topic-" + TOPICS.incrementAndGet();
    }

    /** For a producer of strings, with overrides: key, value, key, value, ... */
    static Map<String, Object> config(Object... overrides) {
        return TestConfig.strings(CLUSTER, overrides);
    }

    /** For a producer of byte arrays, with overrides: key, value, key, value, ... */
    static Map<String, Object> bytesConfig(Object... overrides) {
        return TestConfig.bytes(CLUSTER, overrides);
    }

    /** All records of a one-partition topic, in their order. */
    static List<ConsumerRecord<String, String>> readOne(String topic) {
        return read(topic).get(0);
    }

    /** All records that a topic has now, by partition, in their order. */
    static List<List<ConsumerRecord<String, String>>> read(String topic) {
        return TopicContents.byPartition(CLUSTER, topic);
    }

    /** The values of all records that a topic has now and whose transactions are committed, partition after partition. */
    static List<String> readCommitted(String topic) {
        return TopicContents.committedValues(CLUSTER, topic);
    }
}
