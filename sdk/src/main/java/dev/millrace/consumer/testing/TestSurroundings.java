package dev.millrace.consumer.testing;

import dev.millrace.internal.consumer.commit.TopicIds;
import dev.millrace.internal.consumer.poll.Surroundings;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;

/** What stands in for cluster and system. The test's thread only, but for the clock. */
final class TestSurroundings implements Surroundings {

    private final Cluster cluster;
    private final ManualClock clock;
    private final java.util.function.Consumer<Map<TopicPartition, OffsetAndMetadata>> onCommit;
    private final LongConsumer park;
    private LogConsumer kafka;
    private MockProducer<byte[], byte[]> deadLetters;
    private OutputProducer outputs;

    /**
     * @param onCommit told of every commit that is stored
     * @param park waits for so many nanoseconds, or for what comes earlier
     */
    TestSurroundings(Cluster cluster, ManualClock clock, java.util.function.Consumer<Map<TopicPartition, OffsetAndMetadata>> onCommit,
                     LongConsumer park) {
        this.cluster = cluster;
        this.clock = clock;
        this.onCommit = onCommit;
        this.park = park;
    }

    @Override
    public Consumer<ByteBuffer, ByteBuffer> consumer(Map<String, Object> config) {
        kafka = new LogConsumer(cluster, clock, new ParsedConfig(config), onCommit);
        return kafka;
    }

    private static final class ParsedConfig extends ConsumerConfig {
        ParsedConfig(Map<String, Object> config) {
            super(config, false);
        }
    }

    @Override
    public TopicIds topicIds(Map<String, Object> config) {
        return cluster::topicIds;
    }

    @Override
    public Producer<byte[], byte[]> deadLetterProducer(Producer<byte[], byte[]> given) {
        deadLetters = given instanceof MockProducer<byte[], byte[]> mock ? mock
                : new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        return deadLetters;
    }

    /** @param given would connect to a cluster */
    @Override
    public Producer<byte[], byte[]> outputProducer(Supplier<? extends Producer<byte[], byte[]>> given) {
        outputs = new OutputProducer(offsets -> kafka.stored(offsets));
        return outputs;
    }

    @Override
    public ExecutorService outputThread(String name) {
        return new InlineExecutor();
    }

    @Override
    public Time time() {
        return clock;
    }

    @Override
    public void park(long ns) {
        park.accept(ns);
    }

    /** Kafka's consumer; once it was asked for. */
    LogConsumer kafka() {
        return kafka;
    }

    /** What dead letters are sent with; null when they are not, or in transactions. */
    MockProducer<byte[], byte[]> deadLetters() {
        return deadLetters;
    }

    /** What transactions are made with; null when the handler is of another kind. */
    OutputProducer outputs() {
        return outputs;
    }
}
