package dev.millrace.perf.consume;

import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.Handling;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Opens the consumer that is to be measured. */
final class MeasuredConsumers {
    private MeasuredConsumers() {
    }

    /**
     * Does not start it.
     *
     * @param settings of the consumer, with brokers, group and deserializers
     * @param stopped may end its work early
     * @throws dev.millrace.perf.spec.UsageException when it refuses its settings
     */
    static MeasuredConsumer open(ConsumeClient client, Handling handling, Map<String, Object> settings, String topic, Work work,
            BooleanSupplier stopped) {
        return switch (client) {
            case KAFKA -> PollLoop.open(settings, topic, work, stopped);
            case MILLRACE -> ParallelHandling.open(settings, handling, topic, work);
            case POOL -> throw new IllegalArgumentException("a pool reads no topic");
        };
    }
}
