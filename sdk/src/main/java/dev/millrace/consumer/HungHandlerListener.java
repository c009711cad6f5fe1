package dev.millrace.consumer;

import java.time.Duration;
import org.apache.kafka.common.TopicPartition;

/** Told of a handler that takes longer than {@code millrace.consumer.handler.timeout.ms}; once an attempt, on the thread that polls. */
@FunctionalInterface
public interface HungHandlerListener {

    /** A record has been in its handler for so long, and still is. */
    void onHungHandler(TopicPartition partition, long offset, Duration since);
}
