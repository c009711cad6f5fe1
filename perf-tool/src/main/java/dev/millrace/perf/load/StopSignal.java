package dev.millrace.perf.load;

import java.util.function.BooleanSupplier;

/** The wish to end a run early. Any thread may ask; callers look at it before each record. */
public final class StopSignal implements BooleanSupplier {
    private volatile boolean requested;

    public void request() {
        requested = true;
    }

    @Override
    public boolean getAsBoolean() {
        return requested;
    }
}
