package dev.millrace.perf.load;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** What one thread saw of the acknowledgements: a producer calls back on its network thread, and on callers for some errors. */
final class AckLane {
    private static final VarHandle ACKED;
    private static final VarHandle FAILED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ACKED = lookup.findVarHandle(AckLane.class, "acked", long.class);
            FAILED = lookup.findVarHandle(AckLane.class, "failed", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Thread owner;
    /** From the time the record was due. */
    final IntervalHistogram response = new IntervalHistogram();
    /** From the time {@code send} was called; stays empty in a closed loop, where the two are one. */
    final IntervalHistogram service = new IntervalHistogram();
    private final boolean paced;
    /** Written by the owner, read opaquely by any thread. */
    private long acked;
    /** Written by the owner, read opaquely by any thread. */
    private long failed;

    AckLane(Thread owner, boolean paced) {
        this.owner = owner;
        this.paced = paced;
    }

    /** Owner thread only. */
    void acknowledged(long nowNs, long dueNs, long sentNs) {
        response.recordNanos(nowNs - dueNs);
        if (paced) {
            service.recordNanos(nowNs - sentNs);
        }
        ACKED.setOpaque(this, acked + 1);
    }

    /** Owner thread only. */
    void failed() {
        FAILED.setOpaque(this, failed + 1);
    }

    long ackedCount() {
        return (long) ACKED.getOpaque(this);
    }

    long failedCount() {
        return (long) FAILED.getOpaque(this);
    }
}
