package dev.millrace.perf.load;

/** Watches a phase while it runs. Called by one thread, which waits for it; not called for what happened after the last one. */
@FunctionalInterface
public interface IntervalListener {
    void interval(Interval interval);
}
