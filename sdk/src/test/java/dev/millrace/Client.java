package dev.millrace;

import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;

/** The producers a contract test runs over: that {@code KafkaProducer} passes too shows that the contract is Kafka's. */
enum Client {
    KAFKA {
        @Override
        <K, V> Producer<K, V> producer(Map<String, Object> config) {
            return new KafkaProducer<>(config);
        }
    },
    MILLRACE {
        @Override
        <K, V> Producer<K, V> producer(Map<String, Object> config) {
            return new MillraceProducer<>(config);
        }
    };

    abstract <K, V> Producer<K, V> producer(Map<String, Object> config);

    /** A producer of strings to the shared broker. */
    Producer<String, String> producer(Object... overrides) {
        return producer(OneBroker.config(overrides));
    }
}
