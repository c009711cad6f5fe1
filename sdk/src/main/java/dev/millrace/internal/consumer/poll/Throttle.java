package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.work.WorkFloor;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Lets records go to the work floor at a rate, those of a higher priority first: a token bucket, filled with time, that holds a tenth of a
 * second's worth. Without a rate it lets all go at once. Poll thread only.
 */
final class Throttle {

    private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final double BURST_SECONDS = 0.1;

    private final WorkFloor floor;
    /** What waits for its turn, by the place of its priority. */
    private final TreeMap<Integer, Deque<WorkRecord>> held = new TreeMap<>();
    /** 0: no limit. */
    private double perSecond;
    private double tokens;
    private long filledNs;

    Throttle(WorkFloor floor, double perSecond, long nowNs) {
        this.floor = floor;
        limit(perSecond, nowNs);
    }

    /** Changes the rate; 0 for none. */
    void limit(double perSecond, long nowNs) {
        this.perSecond = perSecond;
        // One may go at once; a change is not to let more go than time has.
        tokens = 1;
        filledNs = nowNs;
        release(nowNs);
    }

    /** Has the record handled when its turn comes. {@link #release} or {@link WorkFloor#call} has to follow. */
    void add(WorkRecord record) {
        if (perSecond == 0)
            floor.routeOneOfMany(record);
        else
            held.computeIfAbsent(record.level(), absent -> new ArrayDeque<>()).addLast(record);
    }

    /** Lets go what has its turn. */
    void release(long nowNs) {
        if (held.isEmpty() && perSecond == 0)
            return;
        fill(nowNs);
        WorkRecord record;
        while ((perSecond == 0 || tokens >= 1) && (record = next()) != null) {
            // One that was dropped is nobody's, and costs nothing.
            if (record.status() == WorkRecord.Status.DROPPED)
                continue;
            tokens--;
            floor.routeOneOfMany(record);
        }
        floor.call();
    }

    private void fill(long nowNs) {
        tokens = Math.min(tokens + (nowNs - filledNs) / NS_PER_SECOND * perSecond, Math.max(1, perSecond * BURST_SECONDS));
        filledNs = nowNs;
    }

    private WorkRecord next() {
        if (held.isEmpty())
            return null;
        Deque<WorkRecord> highest = held.firstEntry().getValue();
        WorkRecord record = highest.pollFirst();
        if (highest.isEmpty())
            held.pollFirstEntry();
        return record;
    }

    /** When the next one has its turn; {@link Long#MAX_VALUE} when none waits. */
    long nextMs(long nowMs) {
        if (held.isEmpty())
            return Long.MAX_VALUE;
        return nowMs + (long) Math.ceil(Math.max(0, 1 - tokens) / perSecond * TimeUnit.SECONDS.toMillis(1));
    }
}
