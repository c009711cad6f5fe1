package dev.millrace.consumer.testing;

import java.time.Instant;
import org.apache.kafka.common.TopicPartition;

/**
 * A record that waits: for its next attempt, or for its time ({@code notBefore}).
 *
 * @param partition its partition
 * @param offset its offset
 * @param attempts how often its handler was called, 0 or more
 * @param due when it goes on
 */
public record WaitingRecord(TopicPartition partition, long offset, int attempts, Instant due) {
}
