package dev.millrace.consumer;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The user's code for one record, of which other records come: those and the offset of this one are committed together, so that a
 * reader with {@code isolation.level=read_committed} sees what came of each record exactly once.
 *
 * <p>Called as a {@link RecordHandler} is. It may run more often than once for a record, after a failure, an abort or a crash;
 * what earlier runs sent is never seen. What else it does, outside of Kafka, is not taken back.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 * @param <A> the type of the keys it sends
 * @param <B> the type of the values it sends
 */
@FunctionalInterface
public interface TransactionalHandler<K, V, A, B> {

    /**
     * Handles a record. When it returns, the record is done: what it sent will be committed with it.
     *
     * @param record the record, with its key and value deserialized by the calling thread
     * @param output takes what comes of it, until this returns
     * @throws Exception to say that the record was not handled, and that nothing it sent counts; what happens then is up to
     *     {@link RetryPolicy} and {@link DeadLetters}
     */
    void handle(ConsumerRecord<K, V> record, TransactionalOutput<A, B> output) throws Exception;
}
