package dev.millrace.perf.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits until the JVM's compiler has finished what it has begun. For one thread. */
public final class CompilerRest {
    /** The compiler is at rest when nothing was compiled for so long; single methods take a few hundred milliseconds. */
    private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(600);
    private static final long MOST_REST_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Clock clock;
    private final BooleanSupplier stop;

    /** @param stop ends the wait early */
    public CompilerRest(BooleanSupplier stop) {
        this(Clock.SYSTEM, stop);
    }

    CompilerRest(Clock clock, BooleanSupplier stop) {
        this.clock = clock;
        this.stop = stop;
    }

    /** Blocks until it is at rest, 5 s at most. */
    public void await() {
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
            if (nowNs - lastNs >= QUIET_NS || nowNs - beginNs >= MOST_REST_NS) {
                return;
            }
        }
    }
}
