package dev.millrace;

import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serializer;

/** Keys and values to bytes; any thread. */
final class RecordSerializer<K, V> {

    private final Serializer<K> keySerializer;
    private final Serializer<V> valueSerializer;

    RecordSerializer(Serializer<K> keySerializer, Serializer<V> valueSerializer) {
        this.keySerializer = keySerializer;
        this.valueSerializer = valueSerializer;
    }

    byte[] key(ProducerRecord<K, V> record) {
        try {
            return keySerializer.serialize(record.topic(), record.headers(), record.key());
        } catch (ClassCastException e) {
            throw wrongClass("key", record.key(), keySerializer, e);
        }
    }

    byte[] value(ProducerRecord<K, V> record) {
        try {
            return valueSerializer.serialize(record.topic(), record.headers(), record.value());
        } catch (ClassCastException e) {
            throw wrongClass("value", record.value(), valueSerializer, e);
        }
    }

    private static SerializationException wrongClass(String what, Object object, Serializer<?> serializer, ClassCastException e) {
        return new SerializationException("Can't convert " + what + " of class "
                + (object == null ? null : object.getClass().getName()) + " to class " + serializer.getClass().getName()
                + " specified in " + what + ".serializer", e);
    }
}
