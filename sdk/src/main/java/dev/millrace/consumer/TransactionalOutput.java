package dev.millrace.consumer;

import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What one attempt to handle a record sends, and what the consumer knows of the attempt. Of any thread, until the handler returns.
 *
 * @param <K> the type of the keys
 * @param <V> the type of the values
 */
public interface TransactionalOutput<K, V> extends RecordContext {

    /**
     * Sends a record, if the handler succeeds: it is serialized now, kept, and produced in the transaction that commits the offset of the
     * record that is being handled. Records of one handler, and of handlers that have an order, are produced in their order.
     *
     * <p>Blocks only for a topic that was not sent to before, until it is known, for at most the producer's {@code max.block.ms}.
     *
     * @throws org.apache.kafka.common.errors.SerializationException when key or value can't be serialized
     * @throws org.apache.kafka.common.errors.RecordTooLargeException when the record is larger than {@code max.request.size}
     * @throws org.apache.kafka.common.errors.TimeoutException when nothing is known of its topic in time
     * @throws IllegalArgumentException when it names a partition that its topic does not have
     * @throws IllegalStateException when the handler has returned
     */
    void send(ProducerRecord<K, V> record);
}
