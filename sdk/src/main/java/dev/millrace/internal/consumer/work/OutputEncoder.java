package dev.millrace.internal.consumer.work;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Serializes what handlers send, on their threads, and refuses there what can never be sent: as the failure of one record, before it is
 * a failure of the whole transaction. Shared by all workers, as serializers are in Kafka's producer.
 *
 * @param <A> the keys' type
 * @param <B> the values' type
 */
public final class OutputEncoder<A, B> {

    /** More than a batch's header and the fixed parts of a record take. */
    private static final int BATCH_OVERHEAD = 96;
    private static final int HEADER_OVERHEAD = 10;

    private final Serializer<A> keys;
    private final Serializer<B> values;
    private final int maxBytes;
    private final ToIntFunction<String> partitionCount;
    /** Of topics that were sent to; 0 when it is not known. */
    private final Map<String, Integer> partitions = new ConcurrentHashMap<>();

    /**
     * @param maxBytes the largest record that a producer takes, as far as it is known
     * @param partitionCount asks the cluster, by topic, and may block; 0 when it does not know
     */
    public OutputEncoder(Serializer<A> keys, Serializer<B> values, int maxBytes, ToIntFunction<String> partitionCount) {
        this.keys = keys;
        this.values = values;
        this.maxBytes = maxBytes;
        this.partitionCount = partitionCount;
    }

    ProducerRecord<byte[], byte[]> encode(ProducerRecord<A, B> record) {
        checkPartition(record);
        Headers headers = new RecordHeaders(record.headers());
        byte[] key = serialize(keys, "key", record.topic(), headers, record.key());
        byte[] value = serialize(values, "value", record.topic(), headers, record.value());
        checkSize(record.topic(), headers, key, value);
        return new ProducerRecord<>(record.topic(), record.partition(), record.timestamp(), key, value, headers);
    }

    /** Else the producer would wait for the topic or the partition when the transaction is open, and nobody could tell which record did it. */
    private void checkPartition(ProducerRecord<A, B> record) {
        Integer count = partitions.get(record.topic());
        if (count == null || record.partition() != null && count > 0 && record.partition() >= count) {
            count = partitionCount.applyAsInt(record.topic());
            partitions.put(record.topic(), count);
            if (record.partition() != null && count > 0 && record.partition() >= count)
                throw new IllegalArgumentException("cannot send to partition " + record.partition() + " of topic " + record.topic()
                        + ": it has " + count + " partitions");
        }
    }

    private static <T> byte[] serialize(Serializer<T> serializer, String what, String topic, Headers headers, T data) {
        try {
            return serializer.serialize(topic, headers, data);
        } catch (ClassCastException e) {
            throw new SerializationException("Can't convert " + what + " of class " + data.getClass().getName()
                    + ": the output's serializer for it is " + serializer.getClass().getName(), e);
        }
    }

    private void checkSize(String topic, Headers headers, byte[] key, byte[] value) {
        long size = BATCH_OVERHEAD + length(key) + length(value);
        for (Header header : headers)
            size += HEADER_OVERHEAD + Utils.utf8Length(header.key()) + length(header.value());
        if (size > maxBytes)
            throw new RecordTooLargeException("A record of " + size + " bytes cannot be sent to topic " + topic
                    + ": that is more than max.request.size or buffer.memory (" + maxBytes + ") allows");
    }

    private static long length(byte[] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    /** Closes the serializers. */
    public void close() {
        try {
            keys.close();
        } finally {
            values.close();
        }
    }
}
