package dev.millrace;

import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;

/** The producers a contract test runs over: that {@code KafkaProducer} passes too shows that the contract is Kafka's. */
public enum Client {
    KAFKA {
        @Override
        public <K, V> Producer<K, V> producer(Map<String, Object> config) {
            return new KafkaProducer<>(config);
        }
    },
    MILLRACE {
        @Override
        public <K, V> Producer<K, V> producer(Map<String, Object> config) {
            return new MillraceProducer<>(config);
        }
    };

    /** A producer of this kind. */
    public abstract <K, V> Producer<K, V> producer(Map<String, Object> config);

    /** A producer of strings to the shared broker. */
    Producer<String, String> producer(Object... overrides) {
        return producer(OneBroker.config(overrides));
    }
}
