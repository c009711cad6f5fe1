package dev.millrace.perf.load;

import java.util.concurrent.locks.LockSupport;

/** The time of a run, and how its threads wait for it. */
interface Clock {
    Clock SYSTEM = new Clock() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            LockSupport.parkNanos(nanos);
        }
    };

    long nanoTime();

    /** Gives up the processor for about that long; may return early, and returns at once when interrupted. */
    void parkNanos(long nanos);
}
