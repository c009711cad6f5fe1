package dev.millrace.internal.consumer.config;

/**
 * What the poll thread goes by, checked.
 *
 * @param pollMs the longest wait in one poll
 * @param commitIntervalMs time between two commits, or transactions
 * @param commitRecords commit as soon as so many records are done since the last one; 0: by time only. The most of one transaction
 * @param budget how much may be on its way
 * @param drainMs how long a revoked partition waits for its handlers
 * @param handlerTimeoutMs when a handler is reported as hung; {@link Long#MAX_VALUE}: never
 * @param retryBackoffMs wait behind a failed commit or poll
 * @param recordsPerSecond how many attempts may begin in a second; 0: no limit
 */
public record ConsumerSettings(long pollMs, long commitIntervalMs, int commitRecords, Budget budget, long drainMs,
                               long handlerTimeoutMs, long retryBackoffMs, double recordsPerSecond) {

    /**
     * @param records admitted and not done, over all partitions
     * @param bytes their keys and values
     * @param partitionRecords the same of one partition
     * @param partitionBytes the same of one partition
     * @param parkedRecords records that wait for a retry, for their time or behind such a one, which do not count above
     */
    public record Budget(int records, long bytes, int partitionRecords, long partitionBytes, int parkedRecords) {
    }
}
