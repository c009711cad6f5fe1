package dev.millrace.perf.consume;

import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.UsageException;
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
     * @throws UsageException when it refuses its settings
     */
    static MeasuredConsumer open(ConsumeClient client, Handling handling, Map<String, Object> settings, String topic, Work work,
            BooleanSupplier stopped) {
        return switch (client) {
            case KAFKA -> PollLoop.open(settings, topic, work, stopped);
            case MILLRACE -> throw new UsageException("client millrace: there is no parallel consumer yet");
            case POOL -> throw new IllegalArgumentException("a pool reads no topic");
        };
    }
}
