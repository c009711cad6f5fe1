package dev.millrace.internal.consumer.work;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;

/** Makes what the handler gets of what the broker sent. One worker's, as its deserializers are: they need not be thread-safe. */
public final class RecordDecoder<K, V> implements AutoCloseable {

    private final Deserializer<K> keys;
    private final Deserializer<V> values;

    /** Where a worker gets a decoder of its own. */
    public interface Factory<K, V> extends Supplier<RecordDecoder<K, V>> {
    }

    public RecordDecoder(Deserializer<K> keys, Deserializer<V> values) {
        this.keys = keys;
        this.values = values;
    }

    /** @throws RuntimeException what a deserializer throws */
    ConsumerRecord<K, V> decode(ConsumerRecord<ByteBuffer, ByteBuffer> raw) {
        return new ConsumerRecord<>(raw.topic(), raw.partition(), raw.offset(), raw.timestamp(), raw.timestampType(),
                raw.serializedKeySize(), raw.serializedValueSize(), decode(keys, raw, raw.key()), decode(values, raw, raw.value()),
                raw.headers(), raw.leaderEpoch());
    }

    private static <T> T decode(Deserializer<T> deserializer, ConsumerRecord<ByteBuffer, ByteBuffer> raw, ByteBuffer bytes) {
        Headers headers = raw.headers();
        if (bytes == null)
            return deserializer.deserialize(raw.topic(), headers, (ByteBuffer) null);
        // A record that is tried again is decoded again: a deserializer may move the buffer, or even give it to the handler.
        int position = bytes.position();
        int limit = bytes.limit();
        T decoded = deserializer.deserialize(raw.topic(), headers, bytes);
        bytes.limit(limit).position(position);
        @SuppressWarnings("unchecked") // what is a ByteBuffer may be handed out as one
        T own = decoded == bytes ? (T) bytes.duplicate() : decoded;
        return own;
    }

    @Override
    public void close() {
        try {
            keys.close();
        } finally {
            values.close();
        }
    }
}
