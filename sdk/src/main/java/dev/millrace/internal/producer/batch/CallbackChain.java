package dev.millrace.internal.producer.batch;

import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * Two callbacks, one after the other.
 *
 * @param first must not throw
 * @param last may be null
 */
public record CallbackChain(Callback first, Callback last) implements Callback {

    @Override
    public void onCompletion(RecordMetadata metadata, Exception exception) {
        first.onCompletion(metadata, exception);
        if (last != null)
            last.onCompletion(metadata, exception);
    }
}
