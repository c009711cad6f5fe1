package dev.millrace.perf.consume;

import dev.millrace.perf.load.CompilerRest;
import dev.millrace.perf.load.Interval;
import dev.millrace.perf.load.IntervalHistogram;
import dev.millrace.perf.load.IntervalListener;
import dev.millrace.perf.load.ProcessMeter;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.load.WarmUp;
import dev.millrace.perf.spec.RunFailedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;

/**
 * Watches a consumer handle what there is: first the warm-up, then what is measured. For one
 * thread and one use.
 */
final class ConsumeRun {
    /** The end is looked for at half the time it seems to be away, within these bounds; that of the warm-up more often. */
    private static final long LEAST_WAIT_NS = 100_000;
    private static final long MOST_WAIT_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long MOST_WAIT_WARMING_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private enum End { REACHED, STOPPED, STALLED }

    private final MeasuredConsumer consumer;
    private final CountedWork work;
    private final Ledger ledger;
    private final StopSignal stop;
    private final long stallNs;
    private final long tickNs;
    /** Of the phase that is watched. */
    private final Histogram times = IntervalHistogram.empty();
    private final List<LagSample> notHandled = new ArrayList<>();
    private RateOfOthers others;
    private long startNs;
    private long startCount;

    /**
     * @param tick how often a listener is called
     * @param stall give up when nothing was handled for so long
     */
    ConsumeRun(MeasuredConsumer consumer, CountedWork work, Ledger ledger, StopSignal stop, Duration tick, Duration stall) {
        this.consumer = consumer;
        this.work = work;
        this.ledger = ledger;
        this.stop = stop;
        this.tickNs = tick.toNanos();
        this.stallNs = stall.toNanos();
    }

    /**
     * Starts the consumer and waits until so many records are handled, one at least: joining a group is in no figure. In
     * rounds, and behind each, handlers are held back until the JVM's compiler is at rest; behind the last one until
     * {@link #measure}.
     *
     * @return whether they were; otherwise the run was stopped
     * @throws RunFailedException when the consumer fails, or nothing is handled any more
     */
    boolean warmUp(long records, IntervalListener listener) {
        // Loads what these need, so that the measurement does not.
        ProcessMeter.read();
        work.takeTimes(times);
        consumer.start();
        begin();
        int rounds = WarmUp.rounds(records);
        for (int i = 1; i <= rounds; i++) {
            End end = watch(Math.max(1, records * i / rounds), Math.max(1, records), MOST_WAIT_WARMING_NS, listener);
            if (end == End.STALLED) {
                throw new RunFailedException(stalled());
            }
            if (end == End.STOPPED) {
                return false;
            }
            work.gate().close();
            if (rounds > 1) {
                new CompilerRest(stop).await();
            }
            if (i < rounds) {
                work.gate().open();
            }
        }
        return !stop.getAsBoolean();
    }

    /**
     * Waits until everything is handled, and measures. Blocks.
     *
     * @param lag how far the committed offsets are behind; null when nothing is committed
     * @throws RunFailedException when the consumer fails
     */
    ConsumePhase measure(LongSupplier lag, IntervalListener listener) {
        // What was timed and sampled so far is the warm-up's.
        work.takeTimes(IntervalHistogram.empty());
        times.reset();
        notHandled.clear();
        ProcessMeter before = ProcessMeter.read();
        begin();
        work.gate().open();
        LagSampler sampler = new LagSampler(lag, startNs);
        End end;
        long endNs;
        ProcessMeter cost;
        try (sampler) {
            if (lag != null) {
                sampler.start();
            }
            end = watch(ledger.expected(), ledger.expected() - startCount, MOST_WAIT_NS, listener);
            endNs = System.nanoTime();
            cost = ProcessMeter.read().minus(before);
        }
        work.takeTimes(times);
        sampleNotHandled(endNs);
        return new ConsumePhase(endNs - startNs, ledger.handledCount() - startCount, times, others.result(
                work.othersCount(), work.lastOtherNs(endNs) - startNs), List.copyOf(notHandled), sampler.samples(), end == End.STOPPED,
                end == End.STALLED ? Optional.of(stalled()) : Optional.empty(), cost.cost());
    }

    private void begin() {
        startCount = ledger.handledCount();
        startNs = System.nanoTime();
        others = new RateOfOthers(work.othersCount());
    }

    private End watch(long until, long total, long mostWaitNs, IntervalListener listener) {
        long intervalStartMs = System.currentTimeMillis();
        long nextTickNs = startNs + tickNs;
        long lastCount = startCount;
        long lastMoveNs = startNs;
        while (true) {
            long count = ledger.handledCount();
            if (count >= until) {
                return End.REACHED;
            }
            if (stop.getAsBoolean()) {
                return End.STOPPED;
            }
            consumer.failure().ifPresent(failure -> {
                throw new RunFailedException("the consumer ended: " + failure, failure);
            });
            long nowNs = System.nanoTime();
            others.sample(nowNs - startNs, work.othersCount());
            if (count != lastCount) {
                lastCount = count;
                lastMoveNs = nowNs;
            } else if (nowNs - lastMoveNs > stallNs) {
                return End.STALLED;
            }
            if (nowNs - nextTickNs >= 0) {
                intervalStartMs = tick(intervalStartMs, nowNs, count, total, listener);
                nextTickNs += tickNs * (1 + (nowNs - nextTickNs) / tickNs);
            }
            long wait = count == startCount ? mostWaitNs : (until - count) * ((nowNs - startNs) / (count - startCount)) / 2;
            LockSupport.parkNanos(Math.min(Math.max(wait, LEAST_WAIT_NS), Math.min(mostWaitNs, nextTickNs - nowNs)));
        }
    }

    private long tick(long startMs, long nowNs, long count, long total, IntervalListener listener) {
        Histogram interval = IntervalHistogram.empty();
        work.takeTimes(interval);
        times.add(interval);
        sampleNotHandled(nowNs);
        long nowMs = System.currentTimeMillis();
        listener.interval(new Interval(startMs, nowMs, nowNs - startNs, count - startCount, 0, total, interval,
                IntervalHistogram.empty()));
        return nowMs;
    }

    private void sampleNotHandled(long nowNs) {
        notHandled.add(new LagSample((nowNs - startNs) / 1e9, ledger.expected() - ledger.handledCount()));
    }

    private String stalled() {
        return String.format(Locale.ROOT, "nothing was handled for %d s, with %,d of %,d records handled",
                TimeUnit.NANOSECONDS.toSeconds(stallNs), ledger.handledCount(), ledger.expected());
    }
}
