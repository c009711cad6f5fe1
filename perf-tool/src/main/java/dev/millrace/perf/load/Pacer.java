package dev.millrace.perf.load;

import java.util.function.BooleanSupplier;

/** Holds a caller back until its next record is due, asleep and not spinning; when it is late, it is not held at all. */
final class Pacer {
    private final Clock clock;
    private final BooleanSupplier stopped;

    /** @param stopped ends a wait early */
    Pacer(Clock clock, BooleanSupplier stopped) {
        this.clock = clock;
        this.stopped = stopped;
    }

    /**
     * Waits until {@code dueNs}. Blocks the calling thread.
     *
     * @return the time after the wait; {@code nowNs} when there was none
     */
    long await(long dueNs, long nowNs) {
        long now = nowNs;
        while (dueNs - now > 0 && !stopped.getAsBoolean()) {
            clock.parkNanos(dueNs - now);
            now = clock.nanoTime();
        }
        return now;
    }
}
