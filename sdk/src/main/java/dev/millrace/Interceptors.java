package dev.millrace;

import dev.millrace.internal.producer.batch.WrappingCallback;
import java.util.List;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The chain of {@code interceptor.classes}; an interceptor that throws is logged and passed over. Any thread. */
final class Interceptors<K, V> {

    private static final Logger LOG = LoggerFactory.getLogger(Interceptors.class);

    private final List<ProducerInterceptor<K, V>> chain;

    Interceptors(List<ProducerInterceptor<K, V>> chain) {
        this.chain = chain;
    }

    ProducerRecord<K, V> onSend(ProducerRecord<K, V> record) {
        ProducerRecord<K, V> intercepted = record;
        for (ProducerInterceptor<K, V> interceptor : chain) {
            try {
                intercepted = interceptor.onSend(intercepted);
            } catch (Exception e) {
                LOG.warn("Error executing interceptor onSend callback for topic: {}, partition: {}",
                        record == null ? null : record.topic(), record == null ? null : record.partition(), e);
            }
        }
        return intercepted;
    }

    /** As {@link #onSend}, with a copy of the record: if that is not taken, the caller's can be tried again as it is. */
    ProducerRecord<K, V> onTrySend(ProducerRecord<K, V> record) {
        return chain.isEmpty() || record == null ? record : onSend(new ProducerRecord<>(record.topic(), record.partition(),
                record.timestamp(), record.key(), record.value(), record.headers()));
    }

    /** A record that they have seen was not taken: for them it failed, and another try is another record. */
    void onNotTaken(ProducerRecord<K, V> record, int partition) {
        if (!chain.isEmpty())
            onSendError(record, unsent(record, partition), new TimeoutException("Topic metadata or memory were not there at once,"
                    + " and this record was not to wait for them."));
    }

    /** The callback for a record's batch: the interceptors first, then the user's. */
    Callback before(Callback callback, ProducerRecord<K, V> record) {
        if (chain.isEmpty())
            return callback;
        return new Acknowledging(this, record.headers(), callback);
    }

    private record Acknowledging(Interceptors<?, ?> interceptors, Headers headers, Callback users) implements WrappingCallback {
        @Override
        public void onCompletion(RecordMetadata metadata, Exception exception) {
            interceptors.onAcknowledgement(metadata, exception, headers);
            if (users != null)
                users.onCompletion(metadata, exception);
        }
    }

    /** A record failed before it was in a batch. */
    void onSendError(ProducerRecord<K, V> record, RecordMetadata metadata, Exception exception) {
        if (!chain.isEmpty())
            onAcknowledgement(metadata, exception, readOnlyHeaders(record));
    }

    private void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
        for (ProducerInterceptor<K, V> interceptor : chain) {
            try {
                interceptor.onAcknowledgement(metadata, exception, headers);
            } catch (Exception e) {
                LOG.warn("Error executing interceptor onAcknowledgement callback", e);
            }
        }
    }

    /** A copy unless they are read-only already: the caller may want to change them and send again. */
    private Headers readOnlyHeaders(ProducerRecord<K, V> record) {
        Headers headers = record == null ? new RecordHeaders() : record.headers();
        if (!(headers instanceof RecordHeaders recordHeaders) || recordHeaders.isReadOnly())
            return headers;
        RecordHeaders copy = new RecordHeaders(recordHeaders);
        copy.setReadOnly();
        return copy;
    }

    /** What is known of a record that was in no batch; null when not even the topic is. */
    static RecordMetadata unsent(ProducerRecord<?, ?> record, int partition) {
        if (record == null)
            return null;
        TopicPartition topicPartition = new TopicPartition(record.topic(),
                record.partition() != null ? record.partition() : partition);
        return new RecordMetadata(topicPartition, -1, -1, -1, -1, -1);
    }
}
