package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Micrometer's own binder for Kafka's clients, on ours. */
@Timeout(60)
class MicrometerIT {

    private static final int RECORDS = 50;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void shouldBindToTheProducer() throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("client.id", "bound-producer"));
             KafkaClientMetrics binder = new KafkaClientMetrics(producer)) {
            fill(producer, topic);
            binder.bindTo(registry);
            assertEquals(RECORDS, value("kafka.producer.record.send.total", Tag.of("client.id", "bound-producer")));
            assertEquals(RECORDS, value("kafka.producer.topic.record.send.total", Tag.of("topic", topic)));
        }
    }

    @Test
    void shouldBindToTheParallelConsumer() throws Exception {
        String topic = OneBroker.newTopic(1);
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig())) {
            fill(producer, topic);
        }
        CountDownLatch handled = new CountDownLatch(RECORDS);
        try (ParallelConsumer<byte[], byte[]> consumer = ParallelConsumer.<byte[], byte[]>builder(Map.of(
                "bootstrap.servers", OneBroker.cluster().bootstrapServers(), "client.id", "bound-consumer", "group.id", "bound",
                "auto.offset.reset", "earliest", "key.deserializer", ByteArrayDeserializer.class,
                "value.deserializer", ByteArrayDeserializer.class)).topics(topic).handler(record -> handled.countDown()).build();
             KafkaClientMetrics binder = new KafkaClientMetrics(consumer.asMetricsConsumer())) {
            consumer.start();
            handled.await();
            binder.bindTo(registry);
            Tag client = Tag.of("client.id", "bound-consumer");
            assertTrue(value("kafka.consumer.fetch.manager.records.consumed.total", client) >= RECORDS);
            // Meters follow the metrics: what is read now may be of later than when they were bound.
            while (value("kafka.parallel.consumer.records.handled.total", client) < RECORDS)
                Thread.onSpinWait();
            assertTrue(value("kafka.parallel.consumer.partition.committed.lag", Tag.of("topic", topic)) <= RECORDS);
        }
    }

    private static void fill(Producer<byte[], byte[]> producer, String topic) {
        for (int i = 0; i < RECORDS; i++)
            producer.send(new ProducerRecord<>(topic, new byte[10]));
        producer.flush();
    }

    private double value(String name, Tag tag) {
        Meter meter = registry.getMeters().stream().filter(each -> each.getId().getName().equals(name) && each.getId().getTags().contains(tag))
                .findFirst().orElseThrow(() -> new AssertionError("no meter " + name + " with " + tag + " among "
                        + registry.getMeters().stream().map(Meter::getId).toList()));
        return StreamSupport.stream(meter.measure().spliterator(), false).findFirst().orElseThrow().getValue();
    }
}
