package dev.millrace.internal.producer.accumulate;

/**
 * What decides of batches.
 *
 * @param batchSize bytes, at least 1
 * @param lingerMs how long an open batch waits for more records
 * @param retryBackoffMs backoff after the first failure
 * @param retryBackoffMaxMs backoff at most
 */
public record BatchSettings(int batchSize, long lingerMs, long retryBackoffMs, long retryBackoffMaxMs) {
}
