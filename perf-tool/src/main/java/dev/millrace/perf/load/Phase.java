package dev.millrace.perf.load;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.RunFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.apache.kafka.common.errors.InterruptException;

/**
 * One stretch of a run, a warm-up or the measurement: starts the callers, watches them, waits for the last acknowledgement.
 * For one thread, and for one use.
 */
final class Phase {
    /** Callers begin together this long after they are made, so that starting a thread makes no record late. */
    private static final long START_DELAY_NS = 20_000_000;
    /** After a request to stop, acknowledgements that are on their way may still come in. */
    private static final long STOP_GRACE_NS = TimeUnit.SECONDS.toNanos(2);

    private final SendMode sends;
    private final Load load;
    private final long count;
    private final long tickNs;
    private final long stallNs;
    private final StopSignal stop;
    private final IntervalListener listener;
    private final Clock clock = Clock.SYSTEM;
    private final AckRecorder recorder;
    private final List<Caller> callers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch done = new CountDownLatch(1);
    private final Histogram response = IntervalHistogram.empty();
    private final Histogram service = IntervalHistogram.empty();
    /** Set by the finishing thread before {@link #done}. */
    private long endNs;
    private volatile RuntimeException finishFailure;

    /**
     * @param count records of this phase
     * @param tickNs how often the listener is called
     * @param stallNs give up when nothing was acknowledged for so long although something was sent
     */
    Phase(SendMode sends, Load load, long count, long tickNs, long stallNs, StopSignal stop,
            IntervalListener listener) {
        this.sends = sends;
        this.load = load;
        this.count = count;
        this.tickNs = tickNs;
        this.stallNs = stallNs;
        this.stop = stop;
        this.listener = listener;
        this.recorder = new AckRecorder(clock, load.isPaced());
    }

    /**
     * Sends everything and waits for it. Blocks until the last record is acknowledged or failed, or the run is stopped.
     *
     * @throws RunFailedException when {@code send} itself throws, or nothing moves any more
     */
    PhaseResult run(String topic, RecordData data) {
        long startNs = clock.nanoTime() + START_DELAY_NS;
        for (int i = 0; i < load.threads(); i++) {
            Schedule schedule = load.isPaced()
                    ? Schedule.paced(startNs, load.throughput(), i, load.threads())
                    : Schedule.AS_FAST_AS_POSSIBLE;
            long share = count / load.threads() + (i < count % load.threads() ? 1 : 0);
            RecordSource records = new RecordSource(topic, data, load.seed() + i);
            Caller caller = new Caller(sends.lane(), records, schedule, share, recorder, clock, stop);
            callers.add(caller);
            threads.add(new Thread(() -> {
                new Pacer(clock, stop).await(startNs, clock.nanoTime());
                caller.run();
            }, "millrace-perf-caller-" + i));
        }
        Thread finisher = new Thread(this::finish, "millrace-perf-finisher");
        ProcessMeter before = ProcessMeter.read();
        threads.forEach(Thread::start);
        finisher.start();
        boolean whole = watch(startNs);
        ProcessMeter cost = ProcessMeter.read().minus(before);
        if (whole) {
            rethrowFailures();
        } else {
            abandon(finisher);
        }
        return result((whole ? endNs : clock.nanoTime()) - startNs, cost, !whole || stop.getAsBoolean());
    }

    /** On a thread of its own, so that the watching one stays free. */
    private void finish() {
        try {
            for (Thread thread : threads) {
                thread.join();
            }
            sends.finish();
        } catch (InterruptedException | InterruptException e) {
            return;
        } catch (RuntimeException e) {
            finishFailure = e;
        }
        endNs = clock.nanoTime();
        done.countDown();
    }

    /** @return whether the phase came to its end; otherwise it was stopped and did not end in time */
    private boolean watch(long startNs) {
        long intervalStartMs = System.currentTimeMillis();
        long nextTickNs = startNs + tickNs;
        long lastAcked = 0;
        long lastMoveNs = startNs;
        long stoppedAtNs = 0;
        while (true) {
            long nowNs = clock.nanoTime();
            if (awaitDone(Math.min(nextTickNs - nowNs, TimeUnit.MILLISECONDS.toNanos(50)))) {
                return true;
            }
            nowNs = clock.nanoTime();
            long acked = recorder.acked();
            if (acked != lastAcked || acked == attempted()) {
                lastAcked = acked;
                lastMoveNs = nowNs;
            }
            if (nowNs - lastMoveNs > stallNs) {
                stop.request();
                throwStalled(nowNs - lastMoveNs, acked);
            }
            if (stop.getAsBoolean()) {
                stoppedAtNs = stoppedAtNs == 0 ? nowNs : stoppedAtNs;
                if (nowNs - stoppedAtNs > STOP_GRACE_NS) {
                    return false;
                }
            }
            if (nowNs - nextTickNs >= 0) {
                intervalStartMs = tick(intervalStartMs, nowNs - startNs, acked);
                nextTickNs += tickNs * (1 + (nowNs - nextTickNs) / tickNs);
            }
        }
    }

    private boolean awaitDone(long nanos) {
        try {
            return done.await(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            stop.request();
            return false;
        }
    }

    private long tick(long startMs, long elapsedNs, long acked) {
        Histogram intervalResponse = IntervalHistogram.empty();
        Histogram intervalService = IntervalHistogram.empty();
        recorder.takeInterval(intervalResponse, intervalService);
        response.add(intervalResponse);
        service.add(intervalService);
        long nowMs = System.currentTimeMillis();
        listener.interval(new Interval(
                startMs, nowMs, elapsedNs, acked, recorder.failed(), count, intervalResponse, intervalService));
        return nowMs;
    }

    private void throwStalled(long forNs, long acked) {
        abandon(null);
        throw new RunFailedException(String.format(Locale.ROOT,
                "nothing was acknowledged for %d s, with %,d of %,d records acknowledged and %,d failed %s",
                TimeUnit.NANOSECONDS.toSeconds(forNs), acked, count, recorder.failed(), recorder.describeErrors()));
    }

    /** Frees callers that are blocked in {@code send} and waits for them a little. */
    private void abandon(Thread finisher) {
        threads.forEach(Thread::interrupt);
        if (finisher != null) {
            finisher.interrupt();
        }
        try {
            for (Thread thread : threads) {
                thread.join(TimeUnit.NANOSECONDS.toMillis(STOP_GRACE_NS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void rethrowFailures() {
        for (Caller caller : callers) {
            if (caller.failure() != null) {
                throw runFailed("send()", caller.failure());
            }
        }
        if (finishFailure != null) {
            throw runFailed("flush()", finishFailure);
        }
    }

    private static RunFailedException runFailed(String call, RuntimeException failure) {
        return failure instanceof RunFailedException told ? told : new RunFailedException(call + " threw " + failure, failure);
    }

    private long attempted() {
        return callers.stream().mapToLong(Caller::attempted).sum();
    }

    private PhaseResult result(long elapsedNs, ProcessMeter cost, boolean stopped) {
        recorder.takeInterval(response, service);
        Histogram inSend = IntervalHistogram.empty();
        callers.forEach(caller -> inSend.add(caller.inSend()));
        long callerBytes = callers.stream().mapToLong(Caller::allocatedBytes).sum();
        return new PhaseResult(
                elapsedNs,
                attempted(),
                recorder.acked(),
                recorder.failed(),
                recorder.describeErrors(),
                callers.stream().mapToLong(Caller::bytes).sum(),
                response,
                load.isPaced() ? service : response,
                inSend,
                callers.stream().mapToLong(Caller::inSendNs).sum(),
                callerBytes,
                load.isPaced() ? callers.stream().mapToLong(Caller::behindNs).max().orElse(0) : 0,
                stopped,
                sends.transactions(),
                // The callers are gone by now, and a thread's count goes with it.
                new PhaseResult.Cost(
                        cost.cpuNs(), cost.userNs(), cost.gcMs(), cost.jitMs(), cost.jitCpuNs(),
                        cost.allocatedBytes() + callerBytes));
    }
}
