package dev.millrace.consumer;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The user's code for several records at once, with an outcome for each of them.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 */
@FunctionalInterface
public interface BatchHandler<K, V> {

    /**
     * Handles records that have no order among each other, or stand in the list in their order.
     *
     * <p>When a record fails, the later ones of the list that must not overtake it count as not handled, whatever their outcome
     * says, and come again after it.
     *
     * @param records at least one record, at most as many as the batch size says
     * @return the outcome of each record, in the order of {@code records}
     * @throws Exception to say that none of the records was handled
     */
    List<RecordOutcome> handle(List<ConsumerRecord<K, V>> records) throws Exception;
}
