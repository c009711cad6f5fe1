package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.testkit.KafkaCluster;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What arrives at a real broker, read back with a plain consumer. */
class MillraceProducerIT {

    private static KafkaCluster cluster;

    @BeforeAll
    static void start() {
        cluster = KafkaCluster.builder().brokers(1).start();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void shouldDeliverEveryRecordInOrderWithEveryCodec(String codec) throws Exception {
        String topic = "codec-" + codec;
        cluster.createTopic(topic, 3, 1);
        int count = 20_000;
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        try (MillraceProducer<String, String> producer = producer(Map.of("compression.type", codec, "linger.ms", 5))) {
            for (int i = 0; i < count; i++)
                futures.add(producer.send(new ProducerRecord<>(topic, i % 3, (long) i, "key-" + i, "value-" + i)));
        }
        Map<TopicPartition, List<ConsumerRecord<String, String>>> read = read(topic, 3, count);
        for (int i = 0; i < count; i++) {
            RecordMetadata metadata = futures.get(i).get();
            ConsumerRecord<String, String> record = read.get(new TopicPartition(topic, i % 3)).get(i / 3);
            assertEquals("value-" + i, record.value());
            assertEquals("key-" + i, record.key());
            assertEquals(i, record.timestamp());
            assertEquals(record.offset(), metadata.offset());
            assertEquals(i % 3, metadata.partition());
            assertEquals(("value-" + i).getBytes(StandardCharsets.UTF_8).length, metadata.serializedValueSize());
        }
    }

    private static MillraceProducer<String, String> producer(Map<String, Object> overrides) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", cluster.bootstrapServers());
        config.put("key.serializer", StringSerializer.class);
        config.put("value.serializer", StringSerializer.class);
        config.putAll(overrides);
        return new MillraceProducer<>(config);
    }

    private static Map<TopicPartition, List<ConsumerRecord<String, String>>> read(String topic, int partitions, int count) {
        Map<TopicPartition, List<ConsumerRecord<String, String>>> records = new HashMap<>();
        for (int p = 0; p < partitions; p++)
            records.put(new TopicPartition(topic, p), new ArrayList<>());
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", cluster.bootstrapServers(),
                "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class))) {
            consumer.assign(records.keySet());
            consumer.seekToBeginning(records.keySet());
            long deadlineNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            for (int got = 0; got < count && System.nanoTime() < deadlineNs; ) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
                    records.get(new TopicPartition(record.topic(), record.partition())).add(record);
                    got++;
                }
            }
        }
        return records;
    }
}
