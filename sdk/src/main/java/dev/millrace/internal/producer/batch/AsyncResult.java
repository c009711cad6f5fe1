package dev.millrace.internal.producer.batch;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;

/** A record's fate as a {@link CompletableFuture}: it is the record's callback, and completes when that is called. */
public final class AsyncResult extends CompletableFuture<RecordMetadata> implements Callback {

    @Override
    public void onCompletion(RecordMetadata metadata, Exception exception) {
        if (exception == null)
            complete(metadata);
        else
            completeExceptionally(exception);
    }
}
