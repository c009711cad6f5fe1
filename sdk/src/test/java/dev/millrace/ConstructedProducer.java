package dev.millrace;

import dev.millrace.internal.producer.config.ProducerSettings;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;

/** A producer that a configuration gave, and the parsed configuration it holds. */
record ConstructedProducer(Producer<?, ?> producer, ProducerConfig config) implements AutoCloseable {
    static ConstructedProducer kafkas(Map<String, Object> configs) {
        KafkaProducer<Object, Object> producer = new KafkaProducer<>(configs);
        return new ConstructedProducer(producer, (ProducerConfig) field(producer, "producerConfig"));
    }

    static ConstructedProducer ours(Map<String, Object> configs) {
        MillraceProducer<Object, Object> producer = new MillraceProducer<>(configs);
        ProducerSettings settings = (ProducerSettings) field(field(producer, "engine"), "settings");
        return new ConstructedProducer(producer, settings.config());
    }

    private static Object field(Object owner, String name) {
        try {
            var field = owner.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(owner);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(owner.getClass() + " keeps its " + name + " elsewhere now", e);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ZERO);
    }
}
