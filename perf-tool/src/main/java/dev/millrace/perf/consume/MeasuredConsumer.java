package dev.millrace.perf.consume;

import java.util.Optional;

/** Takes records from somewhere and hands each to a {@link Work}, until it is closed. */
public interface MeasuredConsumer extends AutoCloseable {
    /** Begins. Does not wait for the first record. */
    void start();

    /** What ended it early. Any thread. */
    Optional<Throwable> failure();

    /**
     * Finishes what it has begun, commits it, and leaves its group. Blocks. Once.
     *
     * @throws RuntimeException when that did not go well
     */
    @Override
    void close();
}
