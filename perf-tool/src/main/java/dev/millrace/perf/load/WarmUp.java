package dev.millrace.perf.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;

/**
 * Sends records that no figure counts, in several rounds, and lets the JVM's compiler catch up behind each. Compiling takes a few seconds of
 * CPU; on a machine that the load itself keeps busy it would go on far into the measurement, and be most of what is measured. Each
 * round brings up what the code compiled behind the one before makes hot. For one thread.
 */
public final class WarmUp {
    private static final int ROUNDS = 4;
    /** A shorter warm-up goes in one round without a rest: it leaves code that is not compiled however long one waits. */
    private static final long FEWEST_RECORDS = 100_000;
    /** The compiler is at rest when nothing was compiled for so long; single methods take a few hundred milliseconds. */
    private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(600);
    private static final long MOST_REST_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(20);

    /** What became of the records. */
    public record Result(long acked, long undelivered, String errors) {
    }

    private final Clock clock;
    private final BooleanSupplier stop;

    WarmUp(Clock clock, BooleanSupplier stop) {
        this.clock = clock;
        this.stop = stop;
    }

    /** @param round sends so many records and waits for them */
    Result send(long records, LongFunction<PhaseResult> round) {
        long acked = 0;
        long undelivered = 0;
        String errors = "";
        int rounds = records < FEWEST_RECORDS ? 1 : ROUNDS;
        for (int i = 0; i < rounds && !stop.getAsBoolean(); i++) {
            long count = records / rounds + (i < records % rounds ? 1 : 0);
            if (count == 0)
                continue;
            PhaseResult result = round.apply(count);
            acked += result.acked();
            undelivered += result.undelivered();
            errors = result.undelivered() > 0 ? result.errors().toString() : errors;
            if (rounds > 1)
                awaitCompiler();
        }
        return new Result(acked, undelivered, errors);
    }

    private void awaitCompiler() {
        long beginNs = clock.nanoTime();
        long compiledMs = ProcessMeter.compiledMs();
        long lastNs = beginNs;
        while (!stop.getAsBoolean()) {
            LockSupport.parkNanos(LOOK_NS);
            long nowNs = clock.nanoTime();
            long nowCompiledMs = ProcessMeter.compiledMs();
            if (nowCompiledMs != compiledMs) {
                compiledMs = nowCompiledMs;
                lastNs = nowNs;
            }
            if (nowNs - lastNs >= QUIET_NS || nowNs - beginNs >= MOST_REST_NS)
                return;
        }
    }
}
