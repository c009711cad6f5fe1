package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;

/** Sends dead letters. */
final class DeadLetterOffice {

    private final DeadLetters letters;

    DeadLetterOffice(DeadLetters letters) {
        this.letters = letters;
    }

    /**
     * Sends a record as it came, with what happened to it.
     *
     * @param callback told when it is acknowledged or failed, also when sending it fails at once; on any thread
     */
    void send(WorkRecord record, Throwable why, Callback callback) {
        try {
            letters.producer().send(letter(record, why), callback);
        } catch (RuntimeException e) {
            callback.onCompletion(null, e);
        }
    }

    /** Whether dead letters are a part of the transaction that commits their records. */
    boolean isTransactional() {
        return letters.producer() == null;
    }

    /** @throws RuntimeException what the user's choice of a topic throws */
    ProducerRecord<byte[], byte[]> letter(WorkRecord record, Throwable why) {
        ConsumerRecord<ByteBuffer, ByteBuffer> raw = record.raw();
        byte[] key = Utils.toNullableArray(raw.key());
        byte[] value = Utils.toNullableArray(raw.value());
        ConsumerRecord<byte[], byte[]> original = new ConsumerRecord<>(raw.topic(), raw.partition(), raw.offset(), raw.timestamp(),
                raw.timestampType(), raw.serializedKeySize(), raw.serializedValueSize(), key, value, raw.headers(), raw.leaderEpoch());
        Headers headers = new RecordHeaders(raw.headers());
        add(headers, DeadLetters.TOPIC, raw.topic());
        add(headers, DeadLetters.PARTITION, Integer.toString(raw.partition()));
        add(headers, DeadLetters.OFFSET, Long.toString(raw.offset()));
        add(headers, DeadLetters.TIMESTAMP, Long.toString(raw.timestamp()));
        add(headers, DeadLetters.EXCEPTION, why.getClass().getName());
        if (why.getMessage() != null)
            add(headers, DeadLetters.MESSAGE, why.getMessage());
        add(headers, DeadLetters.ATTEMPTS, Integer.toString(record.attempt()));
        // A record may have no timestamp (message format 0), and a producer refuses a negative one.
        return new ProducerRecord<>(letters.topicFor(original), null, raw.timestamp() < 0 ? null : raw.timestamp(), key, value, headers);
    }

    private static void add(Headers headers, String key, String value) {
        headers.add(key, value.getBytes(StandardCharsets.UTF_8));
    }
}
