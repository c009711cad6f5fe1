package dev.millrace.consumer;

import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The user's code for one record, when it begins work that ends elsewhere. As many records are in work at once as the consumer's
 * concurrency says, whatever the number of threads.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 */
@FunctionalInterface
public interface AsyncRecordHandler<K, V> {

    /**
     * Begins to handle a record; should not block.
     *
     * @return completes, on any thread and in any order, when the record is handled, or exceptionally when it was not. The next
     *     record in its order is not begun before. A stage that never completes holds back its partition's commits for ever: set
     *     {@code millrace.consumer.handler.timeout.ms} to be told.
     * @throws Exception as a stage that completed exceptionally
     */
    CompletionStage<?> handle(ConsumerRecord<K, V> record, RecordContext context) throws Exception;
}
