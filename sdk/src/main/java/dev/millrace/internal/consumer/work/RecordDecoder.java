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

    /**
     * The record for the handler. A new one, or the very record that came, lent, when both deserializers hand out the buffers as they are.
     *
     * @throws RuntimeException what a deserializer throws
     */
    ConsumerRecord<K, V> decode(WorkRecord record) {
        ConsumerRecord<ByteBuffer, ByteBuffer> raw = record.raw();
        K key = decode(keys, raw, raw.key());
        V value = decode(values, raw, raw.value());
        if (key == raw.key() && value == raw.value() && record.mayLend()) {
            record.lend();
            @SuppressWarnings("unchecked") // key and value are what the deserializers returned
            ConsumerRecord<K, V> same = (ConsumerRecord<K, V>) (ConsumerRecord<?, ?>) raw;
            return same;
        }
        return new ConsumerRecord<>(raw.topic(), raw.partition(), raw.offset(), raw.timestamp(), raw.timestampType(),
                raw.serializedKeySize(), raw.serializedValueSize(), ofItsOwn(key, raw.key()), ofItsOwn(value, raw.value()),
                raw.headers(), raw.leaderEpoch());
    }

    private static <T> T decode(Deserializer<T> deserializer, ConsumerRecord<ByteBuffer, ByteBuffer> raw, ByteBuffer bytes) {
        Headers headers = raw.headers();
        if (bytes == null)
            return deserializer.deserialize(raw.topic(), headers, (ByteBuffer) null);
        // It may be decoded again, or go to the dead letters, and a deserializer may move the buffer.
        int position = bytes.position();
        int limit = bytes.limit();
        try {
            return deserializer.deserialize(raw.topic(), headers, bytes);
        } finally {
            bytes.limit(limit).position(position);
        }
    }

    /** A buffer that is handed out as it is must not be moved by the handler. */
    private static <T> T ofItsOwn(T decoded, ByteBuffer bytes) {
        @SuppressWarnings("unchecked") // what is a ByteBuffer may be handed out as one
        T own = decoded == bytes && bytes != null ? (T) bytes.duplicate() : decoded;
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
