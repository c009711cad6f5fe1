package dev.millrace.perf.load;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;
import org.apache.kafka.common.errors.InterruptException;

/** One calling thread of a phase: sends its share of the records by its schedule. */
final class Caller implements Runnable {
    private static final VarHandle ATTEMPTED;

    static {
        try {
            ATTEMPTED = MethodHandles.lookup().findVarHandle(Caller.class, "attempted", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final SendMode.Lane lane;
    private final RecordSource records;
    private final Schedule schedule;
    private final long count;
    private final AckRecorder recorder;
    private final Clock clock;
    private final BooleanSupplier stopped;
    private final Pacer pacer;
    /** Time spent inside {@code send}. Caller thread until it ended. */
    private final Histogram inSend = IntervalHistogram.empty();
    /** Written by the caller thread, read opaquely by any: sends begun. */
    private long attempted;
    /** Caller thread until it ended, as the rest. */
    private long inSendNs;
    private long allocatedBytes;
    private long behindNs;
    private RuntimeException failure;

    Caller(SendMode.Lane lane, RecordSource records, Schedule schedule, long count, AckRecorder recorder,
            Clock clock, BooleanSupplier stopped) {
        this.lane = lane;
        this.records = records;
        this.schedule = schedule;
        this.count = count;
        this.recorder = recorder;
        this.clock = clock;
        this.stopped = stopped;
        this.pacer = new Pacer(clock, stopped);
    }

    @Override
    public void run() {
        long allocatedBefore = ProcessMeter.allocatedByThisThread();
        try {
            sendAll();
        } catch (InterruptException e) {
            // The run was stopped while this call was blocked; the record counts as attempted only.
        } catch (RuntimeException e) {
            failure = e;
        }
        allocatedBytes = ProcessMeter.allocatedByThisThread() - allocatedBefore;
    }

    private void sendAll() {
        long nowNs = clock.nanoTime();
        for (long i = 0; i < count && !stopped.getAsBoolean(); i++) {
            long turnNs = schedule.dueNs(i, nowNs);
            nowNs = pacer.await(turnNs, nowNs);
            if (turnNs - nowNs > 0) {
                return;
            }
            nowNs = lane.enter(nowNs);
            // Asked again: in a closed loop a record is due when it can be sent, and a commit may just have been in its way.
            long dueNs = schedule.dueNs(i, nowNs);
            ATTEMPTED.setOpaque(this, i + 1);
            lane.send(records.next(), new Ack(recorder, dueNs, nowNs));
            // One look at the clock a record: the end of this call is the beginning of the next one.
            long afterNs = clock.nanoTime();
            IntervalHistogram.record(inSend, afterNs - nowNs);
            inSendNs += afterNs - nowNs;
            behindNs = nowNs - dueNs;
            nowNs = lane.leave(afterNs);
        }
    }

    /** Sends begun so far. Any thread. */
    long attempted() {
        return (long) ATTEMPTED.getOpaque(this);
    }

    /** The figures below are for the thread that joined the caller's. */
    Histogram inSend() {
        return inSend;
    }

    long inSendNs() {
        return inSendNs;
    }

    long allocatedBytes() {
        return allocatedBytes;
    }

    /** How late the last record was sent. */
    long behindNs() {
        return behindNs;
    }

    long bytes() {
        return records.bytes();
    }

    /** What ended this caller early, or null. */
    RuntimeException failure() {
        return failure;
    }
}
