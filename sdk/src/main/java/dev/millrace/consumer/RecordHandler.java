package dev.millrace.consumer;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The user's code for one record.
 *
 * <p>Called on many threads at once, but never at once for records that have an order ({@link ProcessingOrder}). It may block: that
 * holds one of the consumer's threads, and never the one that polls.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 */
@FunctionalInterface
public interface RecordHandler<K, V> {

    /**
     * Handles a record. When it returns, the record is done and may be committed.
     *
     * @param record the record, with its key and value deserialized by the calling thread
     * @throws Exception to say that the record was not handled; what happens then is up to {@link RetryPolicy} and
     *     {@link DeadLetters}
     */
    void handle(ConsumerRecord<K, V> record) throws Exception;

    /**
     * A handler that wants to know more than the record.
     *
     * @param <K> the key's type
     * @param <V> the value's type
     */
    @FunctionalInterface
    interface WithContext<K, V> {

        /** As {@link RecordHandler#handle}, with what the consumer knows of this attempt. */
        void handle(ConsumerRecord<K, V> record, RecordContext context) throws Exception;
    }
}
