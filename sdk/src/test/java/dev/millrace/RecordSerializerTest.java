package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.Test;

class RecordSerializerTest {

    /** Casts what it wraps, and finds something else; also when what it was given is null. */
    private static final class Casting implements Serializer<Object> {
        private final Object state = 42;

        @Override
        public byte[] serialize(String topic, Object data) {
            return ((String) state).getBytes();
        }
    }

    /** {@code KafkaProducer} asks the null for its class, and throws a {@code NullPointerException} that tells of neither. */
    @Test
    void shouldNameTheSerializerThatCannotConvertANull() {
        RecordSerializer<Object, Object> serializer = new RecordSerializer<>(new Casting(), new Casting());
        ProducerRecord<Object, Object> record = new ProducerRecord<>("orders", null, null);
        assertSays("Can't convert key of class null to class " + Casting.class.getName() + " specified in key.serializer",
                assertThrows(SerializationException.class, () -> serializer.key(record)));
        assertSays("Can't convert value of class null to class " + Casting.class.getName() + " specified in value.serializer",
                assertThrows(SerializationException.class, () -> serializer.value(record)));
    }

    private static void assertSays(String message, SerializationException error) {
        assertEquals(message, error.getMessage());
        assertInstanceOf(ClassCastException.class, error.getCause());
    }
}
