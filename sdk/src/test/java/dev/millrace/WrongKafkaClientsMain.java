package dev.millrace;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;

/**
 * Runs in a JVM whose kafka-clients may be any version: says on standard output what became of a producer, and which
 * threads it left behind. It ends by returning, so that a thread that is no daemon would keep the JVM alive.
 */
final class WrongKafkaClientsMain {
    private static final String BYTES = "org.apache.kafka.common.serialization.ByteArraySerializer";

    private WrongKafkaClientsMain() {
    }

    public static void main(String[] args) {
        Set<String> before = threads();
        Map<String, Object> configs = Map.of("bootstrap.servers", "127.0.0.1:1", "key.serializer", BYTES,
                "value.serializer", BYTES);
        Properties properties = new Properties();
        properties.putAll(configs);
        attempt(() -> new MillraceProducer<>(configs));
        attempt(() -> new MillraceProducer<>(configs, null, null));
        attempt(() -> new MillraceProducer<>(properties));
        attempt(() -> new MillraceProducer<>(properties, null, null));
        Set<String> left = threads();
        left.removeAll(before);
        System.out.println("threads left: " + left);
    }

    private static void attempt(Supplier<Producer<Object, Object>> constructor) {
        try {
            Producer<Object, Object> producer = constructor.get();
            System.out.println("started");
            producer.close(Duration.ZERO);
        } catch (KafkaException e) {
            System.out.println("refused " + e.getMessage());
        }
    }

    private static Set<String> threads() {
        Set<String> names = new TreeSet<>();
        Thread.getAllStackTraces().keySet().forEach(thread -> names.add(thread.getName()));
        return names;
    }
}
