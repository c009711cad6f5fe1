package dev.millrace.perf.load;

import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;

/**
 * Sends records that no figure counts, in several rounds, and lets the JVM's compiler catch up behind each. Compiling takes a few
 * seconds of CPU; on a machine that the load itself keeps busy it would go on far into the measurement, and be most of what is
 * measured. Each round brings up what the code compiled behind the one before makes hot. For one thread.
 */
public final class WarmUp {
    private static final int ROUNDS = 4;
    /** A shorter warm-up goes in one round without a rest: it leaves code that is not compiled however long one waits. */
    private static final long FEWEST_RECORDS = 100_000;

    /** What became of the records. */
    public record Result(long acked, long undelivered, String errors) {
    }

    private final CompilerRest rest;
    private final BooleanSupplier stop;

    WarmUp(Clock clock, BooleanSupplier stop) {
        this.rest = new CompilerRest(clock, stop);
        this.stop = stop;
    }

    /** In how many rounds so many records should be dealt with; behind each there is to be a rest, unless there is one only. */
    public static int rounds(long records) {
        return records < FEWEST_RECORDS ? 1 : ROUNDS;
    }

    /** @param round sends so many records and waits for them */
    Result send(long records, LongFunction<PhaseResult> round) {
        long acked = 0;
        long undelivered = 0;
        String errors = "";
        int rounds = rounds(records);
        for (int i = 0; i < rounds && !stop.getAsBoolean(); i++) {
            long count = records / rounds + (i < records % rounds ? 1 : 0);
            if (count == 0) {
                continue;
            }
            PhaseResult result = round.apply(count);
            acked += result.acked();
            undelivered += result.undelivered();
            errors = result.undelivered() > 0 ? result.errors().toString() : errors;
            if (rounds > 1) {
                rest.await();
            }
        }
        return new Result(acked, undelivered, errors);
    }
}
