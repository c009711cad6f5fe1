package dev.millrace.perf.spec;

import java.time.Duration;

/**
 * How records are handled, and by how many at once.
 *
 * @param ordering what a parallel consumer keeps in order
 * @param concurrency records handled at the same time, at most, by a parallel consumer or a pool
 * @param virtualThreads whether a parallel consumer's handlers run on virtual threads
 * @param async whether a parallel consumer's handler returns at once and a timer completes its work
 * @param work how long each record takes: the thread that handles it is parked, or the timer set; zero for no work
 * @param form of keys and values
 */
public record Handling(
        Ordering ordering, int concurrency, boolean virtualThreads, boolean async, Duration work, RecordForm form) {
    private static final int FIRST_WITH_VIRTUAL_THREADS = 21;

    /** As many as that are handled at the same time by this client, at most. */
    public int concurrencyOf(ConsumeClient client) {
        return client == ConsumeClient.KAFKA ? 1 : concurrency;
    }

    /** Records a second if handlers did nothing but work, all the time; infinite without work. */
    public double ideal(ConsumeClient client) {
        return work.isZero() ? Double.POSITIVE_INFINITY : concurrencyOf(client) * 1e9 / work.toNanos();
    }

    /** @throws UsageException when the client, or this JVM, cannot handle records so */
    public void check(ConsumeClient client) {
        if (virtualThreads && Runtime.version().feature() < FIRST_WITH_VIRTUAL_THREADS) {
            throw new UsageException("--virtual-threads needs JDK 21 or newer, and this is " + Runtime.version().feature()
                    + "; set JAVA_HOME");
        }
        if (virtualThreads && async) {
            throw new UsageException("--virtual-threads and --async exclude each other: an asynchronous handler holds no thread");
        }
        if (client != ConsumeClient.MILLRACE && (virtualThreads || async)) {
            throw new UsageException((async ? "--async" : "--virtual-threads") + " is for client millrace, not for " + client);
        }
    }
}
