package dev.millrace.internal.producer.send;

import org.apache.kafka.common.utils.Time;

/** What happened in a run against a model of brokers, told on demand only, and what went wrong first. One thread. */
final class ModelStory {

    private final Time time;
    /** Null when nobody wants to read it. */
    private final StringBuilder trace;
    private final Runnable onFailure;
    private String failure;

    /** @param onFailure run once, when something went wrong */
    ModelStory(Time time, boolean tracing, Runnable onFailure) {
        this.time = time;
        this.trace = tracing ? new StringBuilder() : null;
        this.onFailure = onFailure;
    }

    boolean isTold() {
        return trace != null;
    }

    String trace() {
        return trace.toString();
    }

    void note(String what, Object... args) {
        if (trace != null)
            trace.append(time.milliseconds() % 10_000_000).append(' ').append(String.format(what, args)).append('\n');
    }

    void fail(String what) {
        if (failure != null)
            return;
        failure = what;
        note("FAILED: %s", what);
        onFailure.run();
    }

    /** What went wrong first, or null. */
    String failure() {
        return failure;
    }

    boolean hasFailed() {
        return failure != null;
    }
}
