package dev.millrace.internal.producer.send;

/**
 * What decides of sending; times in ms, sizes in bytes.
 *
 * @param maxInFlightPerPartition batches of one partition on the wire at a time
 * @param availabilityTimeoutMs {@code partitioner.availability.timeout.ms}
 */
public record SenderSettings(int maxRequestSize, int retries, long retryBackoffMs, long deliveryTimeoutMs,
                             int maxInFlightPerPartition, long availabilityTimeoutMs) {
}
