package dev.millrace.perf.consume;

import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.RunFailedException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;

/** What a plain {@code KafkaConsumer} is used like: one thread that polls, handles each record, and polls again. */
final class PollLoop implements MeasuredConsumer {
    private static final Duration POLL = Duration.ofMillis(100);
    /** It may be in the middle of a batch; each of its records takes the time of the work. */
    private static final Duration JOIN = Duration.ofMinutes(2);

    private final String topic;
    private final Work work;
    private final BooleanSupplier stopped;
    /** Polling thread only, once it is started. */
    private final Consumer<?, ?> consumer;
    private final Thread thread = new Thread(this::run, "millrace-perf-poll");
    private volatile boolean closing;
    private volatile Throwable failure;

    PollLoop(Consumer<?, ?> consumer, String topic, Work work, BooleanSupplier stopped) {
        this.consumer = consumer;
        this.topic = topic;
        this.work = work;
        this.stopped = stopped;
    }

    /** @param stopped ends it in the middle of a batch, too */
    static PollLoop open(Map<String, Object> settings, String topic, Work work, BooleanSupplier stopped) {
        try {
            return new PollLoop(new KafkaConsumer<>(settings), topic, work, stopped);
        } catch (KafkaException e) {
            throw ConsumerSettings.refused(e);
        }
    }

    @Override
    public void start() {
        thread.start();
    }

    private void run() {
        try (consumer) {
            consumer.subscribe(List.of(topic));
            while (!closing) {
                for (ConsumerRecord<?, ?> record : consumer.poll(POLL)) {
                    work.handle(record);
                    if (stopped.getAsBoolean()) {
                        return;
                    }
                }
            }
        } catch (KafkaException | IllegalStateException e) {
            failure = e;
        }
    }

    @Override
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public void close() {
        closing = true;
        try {
            thread.join(JOIN.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RunFailedException("interrupted while the consumer was to close", e);
        }
        if (failure != null) {
            throw new RunFailedException("KafkaConsumer threw " + failure, failure);
        }
        if (thread.isAlive()) {
            throw new RunFailedException("KafkaConsumer did not close within " + JOIN.toSeconds() + " s");
        }
    }
}
