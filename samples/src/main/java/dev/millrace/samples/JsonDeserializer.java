package dev.millrace.samples;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** Reads JSON into values of a class, with Jackson. */
public abstract class JsonDeserializer<T> implements Deserializer<T> {
    private final ObjectMapper mapper = new ObjectMapper();
    private final Class<T> type;

    /** A subclass says which class, for Kafka makes deserializers by their names. */
    protected JsonDeserializer(Class<T> type) {
        this.type = type;
    }

    @Override
    public T deserialize(String topic, byte[] bytes) {
        try {
            return bytes == null ? null : mapper.readValue(bytes, type);
        } catch (IOException e) {
            throw new SerializationException("a record of topic " + topic + " is not a JSON " + type.getSimpleName(), e);
        }
    }

    /** For {@link Order}s. */
    public static final class Orders extends JsonDeserializer<Order> {
        /** Called by Kafka. */
        public Orders() {
            super(Order.class);
        }
    }
}
