package dev.millrace.perf.spec;

import dev.millrace.MillraceProducer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;

/** The producers that can be measured; the rest of the tool sees only Kafka's {@link Producer}. */
public enum Client {
    MILLRACE(MillraceProducer::new),
    KAFKA(KafkaProducer::new);

    private final Function<Map<String, Object>, Producer<byte[], byte[]>> constructor;

    Client(Function<Map<String, Object>, Producer<byte[], byte[]>> constructor) {
        this.constructor = constructor;
    }

    /**
     * Makes a producer.
     *
     * @throws org.apache.kafka.common.KafkaException when the settings are refused
     */
    public Producer<byte[], byte[]> open(Map<String, Object> properties) {
        return constructor.apply(properties);
    }

    /** @throws UsageException when there is no such client */
    public static Client parse(String name) {
        for (Client client : values()) {
            if (client.toString().equalsIgnoreCase(name)) {
                return client;
            }
        }
        throw new UsageException("there is no client '" + name + "'; there are " + List.of(values()));
    }

    /** The name on the command line and in the JSON. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
