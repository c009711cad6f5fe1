package dev.millrace.internal.producer.accumulate;

/**
 * What decides of batches.
 *
 * @param batchSize bytes, at least 1
 * @param maxBatchSize bytes up to which an open batch may grow while others wait before it; {@code batchSize} for not at all
 * @param lingerMs how long an open batch waits for more records
 * @param adaptiveLinger it waits only while several requests are on their way to its broker
 * @param retryBackoffMs backoff after the first failure
 * @param retryBackoffMaxMs backoff at most
 */
public record BatchSettings(int batchSize, int maxBatchSize, long lingerMs, boolean adaptiveLinger, long retryBackoffMs,
                            long retryBackoffMaxMs) {

    /** As Kafka's producer has it: batches do not grow, and linger is linger. */
    public BatchSettings(int batchSize, long lingerMs, long retryBackoffMs, long retryBackoffMaxMs) {
        this(batchSize, batchSize, lingerMs, false, retryBackoffMs, retryBackoffMaxMs);
    }
}
