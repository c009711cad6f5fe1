package dev.millrace.consumer.testing;

import dev.millrace.ParallelConsumer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What tests with the driver have in common. */
final class Given {

    static final String TOPIC = "orders";
    static final TopicPartition P0 = new TopicPartition(TOPIC, 0);
    static final TopicPartition P1 = new TopicPartition(TOPIC, 1);

    private Given() {
    }

    /** A configuration as an application has it, with overrides: key, value, key, value, ... */
    static Map<String, Object> config(Object... overrides) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", "localhost:1", "group.id", "billing",
                "auto.offset.reset", "earliest", "key.deserializer", StringDeserializer.class,
                "value.deserializer", StringDeserializer.class));
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        return config;
    }

    static ParallelConsumer.Builder<String, String> builder(Object... overrides) {
        return ParallelConsumer.<String, String>builder(config(overrides)).topics(TOPIC);
    }

    static ParallelConsumerTestDriver<String, String> drive(ParallelConsumer.Builder<String, String> builder) {
        return ParallelConsumerTestDriver.of(builder, new StringSerializer(), new StringSerializer());
    }

    /** So many records, all of one key: {@code v0}, {@code v1}, ... */
    static void feed(ParallelConsumerTestDriver<String, String> driver, TopicPartition partition, String key, int count) {
        IntStream.range(0, count).forEach(i -> driver.feed(partition, key, "v" + i));
    }

    /** So many records, each of a key of its own. */
    static void feedKeys(ParallelConsumerTestDriver<String, String> driver, TopicPartition partition, int count) {
        IntStream.range(0, count).forEach(i -> driver.feed(partition, "k" + i, "v" + i));
    }

    /** Asynchronous work that ends when the test says so. */
    static final class Work {

        private final Map<String, CompletableFuture<Void>> stages = new HashMap<>();
        private final List<String> begun = new ArrayList<>();

        CompletableFuture<Void> begin(ConsumerRecord<?, ?> record) {
            String name = record.partition() + "@" + record.offset();
            begun.add(name);
            CompletableFuture<Void> stage = new CompletableFuture<>();
            stages.put(name, stage);
            return stage;
        }

        /** Partition and offset of all that began, in their order: {@code 0@17}. */
        List<String> begun() {
            return List.copyOf(begun);
        }

        void end(String... names) {
            for (String name : names)
                stages.remove(name).complete(null);
        }

        void fail(String name, Exception failure) {
            stages.remove(name).completeExceptionally(failure);
        }
    }
}
