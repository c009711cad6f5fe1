package dev.millrace.internal.consumer.watch;

import dev.millrace.internal.consumer.offsets.OffsetTracker;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** What is remembered of one assigned partition between two looks. Poll thread only. */
final class PartitionWatch {

    /** Kafka's consumer learns the end with its first fetch; asked for the lag earlier, it sends a request of its own, and logs that. */
    private static final long FIRST_FETCH_MS = 1_000;

    private final AssignedPartition partition;
    /** {@link Long#MAX_VALUE} for never. */
    private final long stuckAfterMs;
    private final long sinceMs;
    /** The end of what may be read, as of the last look that asked; relative to the position while there is none. */
    private long end = PartitionView.NONE;
    private boolean endIsRelative;

    /** The oldest record that is not done, its attempts, and since when it has been that without beginning one or waiting for one. */
    private long oldest = PartitionView.NONE;
    private int attempts;
    private long stillSinceMs;

    PartitionWatch(AssignedPartition partition, long stuckAfterMs, long nowMs) {
        this.partition = partition;
        this.stuckAfterMs = stuckAfterMs;
        this.sinceMs = nowMs;
    }

    /** Whether it makes sense to ask Kafka's consumer for the lag. */
    boolean knowsEnd(long nowMs) {
        OffsetTracker<WorkRecord> tracker = partition.tracker();
        return tracker != null && tracker.position() > partition.start() || nowMs - sinceMs >= FIRST_FETCH_MS;
    }

    /** How far the consumer's position is from the end of what it may read. */
    void lag(OptionalLong lag) {
        OffsetTracker<WorkRecord> tracker = partition.tracker();
        endIsRelative = tracker == null;
        end = lag.isEmpty() ? PartitionView.NONE : lag.getAsLong() + (endIsRelative ? 0 : tracker.position());
    }

    PartitionView look(OptionalLong committed, boolean pausedByUser, long nowMs, long nowNs) {
        OffsetTracker<WorkRecord> tracker = partition.tracker();
        long commit = committed.orElse(PartitionView.NONE);
        if (tracker == null)
            // Nothing came yet, and nothing was committed, or it would be known where it begins.
            return new PartitionView(commit, end, end, 0, 0, 0, 0, 0, PartitionView.NONE, PartitionView.NONE, false, pausedByUser,
                    partition.isFull());
        int running = 0;
        int queued = 0;
        int hung = 0;
        for (WorkRecord record = tracker.oldest(); record != null; record = tracker.next(record)) {
            // Before the status: it may begin, or begin anew, at any moment.
            long startNs = record.startNs();
            WorkRecord.Status status = record.status();
            if (status == WorkRecord.Status.QUEUED) {
                queued++;
            } else if (status == WorkRecord.Status.RUNNING) {
                running++;
                if (startNs != 0 && TimeUnit.NANOSECONDS.toMillis(nowNs - startNs) >= stuckAfterMs)
                    hung++;
            }
        }
        WorkRecord head = tracker.oldest();
        noteHead(head, nowMs);
        int parked = partition.waiting();
        long toCome = end == PartitionView.NONE || endIsRelative ? PartitionView.NONE : Math.max(0, end - tracker.position());
        long doneLag = toCome == PartitionView.NONE ? PartitionView.NONE : toCome + tracker.pending();
        // Those behind a parked one are queued, as far as their status tells.
        int ready = Math.max(0, queued - partition.behindParked());
        return new PartitionView(commit, committedLag(commit), doneLag, tracker.pending(), running, ready, parked, hung,
                oldest, head == null ? PartitionView.NONE : head.admittedMs(nowMs),
                head != null && nowMs - stillSinceMs >= stuckAfterMs, pausedByUser, partition.isFull());
    }

    private long committedLag(long commit) {
        if (end == PartitionView.NONE || endIsRelative)
            return PartitionView.NONE;
        return Math.max(0, end - (commit == PartitionView.NONE ? partition.start() : commit));
    }

    private void noteHead(WorkRecord head, long nowMs) {
        long offset = head == null ? PartitionView.NONE : head.offset();
        int tried = head == null ? 0 : head.attempt();
        // A posted one waits for a time, or for the dead letters; both end by themselves.
        if (offset != oldest || tried != attempts || head != null && head.status() == WorkRecord.Status.POSTED)
            stillSinceMs = nowMs;
        oldest = offset;
        attempts = tried;
    }
}
