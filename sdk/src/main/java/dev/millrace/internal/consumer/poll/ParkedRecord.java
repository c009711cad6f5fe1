package dev.millrace.internal.consumer.poll;

import org.apache.kafka.common.TopicPartition;

/**
 * A record that waits for a time, as others see it.
 *
 * @param attempts how often its handler was called, 0 or more
 * @param atMs when it goes on, milliseconds since the epoch
 */
public record ParkedRecord(TopicPartition partition, long offset, int attempts, long atMs) {
}
