package dev.millrace.perf.load;

import java.util.ArrayList;
import java.util.List;

/** A clock that moves when somebody waits: by as much as was asked, and more or less as {@link #oversleepNs} says. */
final class FakeClock implements Clock {
    final List<Long> waits = new ArrayList<>();
    long nowNs;
    long oversleepNs;

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public void parkNanos(long nanos) {
        waits.add(nanos);
        nowNs += Math.max(1, nanos + oversleepNs);
    }
}
