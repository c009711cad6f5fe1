package dev.millrace.consumer;

import java.util.Objects;

/** How one record of a batch ended. */
public final class RecordOutcome {

    private static final RecordOutcome HANDLED = new RecordOutcome(null);

    private final Exception failure;

    private RecordOutcome(Exception failure) {
        this.failure = failure;
    }

    /** The record is done. */
    public static RecordOutcome handled() {
        return HANDLED;
    }

    /** The record was not handled, as if its handler had thrown this. */
    public static RecordOutcome failed(Exception failure) {
        return new RecordOutcome(Objects.requireNonNull(failure, "failure"));
    }

    /** Why the record was not handled; null when it was. */
    public Exception failure() {
        return failure;
    }

    @Override
    public String toString() {
        return failure == null ? "handled" : "failed: " + failure;
    }
}
