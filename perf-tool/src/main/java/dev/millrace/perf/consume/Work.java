package dev.millrace.perf.consume;

import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What is done with each record. Any number of threads. */
public interface Work {
    /** Blocks for as long as the work takes. */
    void handle(ConsumerRecord<?, ?> record);

    /** Returns at once; the stage is completed when the work is done. */
    CompletionStage<?> handleAsync(ConsumerRecord<?, ?> record);
}
