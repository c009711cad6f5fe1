package dev.millrace.perf.consume;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.UsageException;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;

/** Millrace's parallel consumer; nothing else of the tool knows its interface. */
final class ParallelHandling implements MeasuredConsumer {
    private final ParallelConsumer<Object, Object> consumer;
    /** Written by the consumer's thread, when it ends by itself. */
    private volatile KafkaException failure;

    private ParallelHandling(Map<String, Object> settings, Handling handling, String topic, Work work) {
        ParallelConsumer.Builder<Object, Object> builder = ParallelConsumer.<Object, Object>builder(settings)
                .topics(topic)
                .ordering(ProcessingOrder.valueOf(handling.ordering().name()))
                .concurrency(handling.concurrency())
                .virtualThreads(handling.virtualThreads())
                .failureListener(reason -> failure = reason);
        if (handling.async()) {
            builder.asyncHandler((record, context) -> work.handleAsync(record));
        } else {
            builder.handler(record -> work.handle(record));
        }
        this.consumer = builder.build();
    }

    /** @throws UsageException when it refuses its settings */
    static ParallelHandling open(Map<String, Object> settings, Handling handling, String topic, Work work) {
        try {
            return new ParallelHandling(settings, handling, topic, work);
        } catch (KafkaException e) {
            throw ConsumerSettings.refused(e);
        }
    }

    @Override
    public void start() {
        consumer.start();
    }

    @Override
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public void close() {
        try {
            consumer.close();
        } catch (KafkaException e) {
            throw new RunFailedException("the parallel consumer threw " + e, e);
        }
    }
}
