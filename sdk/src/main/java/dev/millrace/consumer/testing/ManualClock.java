package dev.millrace.consumer.testing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.utils.Time;

/** Time that passes only when somebody says so. Read by any thread, moved by the test's. */
final class ManualClock implements Time {

    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** Nanoseconds since the epoch, so that both kinds of time are one. */
    private volatile long nowNs = TimeUnit.MILLISECONDS.toNanos(START.toEpochMilli());

    @Override
    public long milliseconds() {
        return TimeUnit.NANOSECONDS.toMillis(nowNs);
    }

    @Override
    public long nanoseconds() {
        return nowNs;
    }

    Instant now() {
        return Instant.ofEpochSecond(0, nowNs);
    }

    void pass(Duration time) {
        if (time.isNegative())
            throw new IllegalArgumentException("time does not go back, but " + time + " was to pass");
        nowNs = Math.addExact(nowNs, time.toNanos());
    }

    /** Goes on to a time, unless it is over. */
    void passUntil(long ms) {
        nowNs = Math.max(nowNs, Math.multiplyExact(ms, TimeUnit.MILLISECONDS.toNanos(1)));
    }

    @Override
    public void sleep(long ms) {
        pass(Duration.ofMillis(ms));
    }

    @Override
    public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
        if (condition.get())
            return;
        passUntil(deadlineMs);
        if (!condition.get())
            throw new TimeoutException("what was waited for did not come until the time it was waited for");
    }

    /** The same for code that goes by Java's clock. */
    Clock asClock(ZoneId zone) {
        return new Clock() {
            @Override
            public Instant instant() {
                return now();
            }

            @Override
            public ZoneId getZone() {
                return zone;
            }

            @Override
            public Clock withZone(ZoneId other) {
                return asClock(other);
            }
        };
    }

    Clock asClock() {
        return asClock(ZoneOffset.UTC);
    }
}
