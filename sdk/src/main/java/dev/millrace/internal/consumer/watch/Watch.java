package dev.millrace.internal.consumer.watch;

import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the poll thread, on it, and publishes what it sees for any thread. A record costs a counter and a place in a histogram; the
 * rest is looked at ten times a second, and less often where that would take more than a hundredth of the thread's time: with very
 * many partitions or records in flight. Without another word, methods and fields are the poll thread's.
 */
public final class Watch {

    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
    private static final long LOOK_MS = 100;
    /** Looking may take this part of the time. */
    private static final long LOOK_PART = 100;
    /** Percentiles cost the same however few records there were. */
    private static final long LATENCY_MS = 1_000;
    /** A request to each broker. */
    private static final long ENDS_MS = 1_000;
    /** A poll that brought records counts as work so far, for that is what it does when it need not wait. */
    private static final long POLL_WORK_NS = TimeUnit.MILLISECONDS.toNanos(1);

    /** What is watched, beside partitions and records. */
    public interface Subject {
        /** Those that are assigned. */
        Collection<AssignedPartition> partitions();

        /** Whether the user does not want it to be fetched. */
        boolean isPausedByUser(AssignedPartition partition);

        /** What the group has, as far as it is known. */
        OptionalLong committed(TopicPartition partition);

        /** From the position to the end of what the isolation level lets read; empty when not known. */
        OptionalLong lag(TopicPartition partition);

        /** Sees to it that Kafka's consumer learns where these end now, which it does by fetching those that it fetches. */
        void askEnds(Collection<TopicPartition> partitions);

        /** What others count. */
        Totals totals();
    }

    /** What was counted since the consumer was built. */
    public record Totals(long retried, long deadLettered, long skipped, long commitsFailed, long metadataIgnored) {
    }

    private final Time time;
    private final long handlerTimeoutMs;
    private final LatencyWindow latencies;
    private final SlidingRate idleRate;
    private final SlidingRate handledRate;
    private final Map<AssignedPartition, PartitionWatch> watched = new IdentityHashMap<>();
    private Consumer<Set<TopicPartition>> onAssignment = assigned -> { };
    private Set<TopicPartition> told = Set.of();
    private long handled;
    private long failed;
    private long expired;
    private long idleNs;
    private long pollBeganNs;
    private long nextLookMs;
    private long nextLatencyMs;
    private long nextEndsMs;
    private LatencyWindow.Latency latency = LatencyWindow.Latency.NONE;
    private boolean failedToLook;
    /** When the loop came round last; read by any thread. */
    private volatile long roundMs;
    /** Read by any thread. */
    private volatile Snapshot snapshot = Snapshot.EMPTY;

    /**
     * @param handlerTimeoutMs after which a record that stands still is stuck; {@link Long#MAX_VALUE} for never
     * @param windowMs what percentiles, rates and ratios cover
     */
    public Watch(long handlerTimeoutMs, long windowMs, Time time) {
        this.time = time;
        this.handlerTimeoutMs = handlerTimeoutMs;
        latencies = new LatencyWindow(windowMs, time.milliseconds());
        idleRate = new SlidingRate(TimeUnit.MILLISECONDS.toNanos(windowMs));
        handledRate = new SlidingRate(TimeUnit.MILLISECONDS.toNanos(windowMs));
        roundMs = time.milliseconds();
    }

    /** Has this told of the assigned partitions whenever they are others; before the poll thread begins. */
    void onAssignment(Consumer<Set<TopicPartition>> listener) {
        onAssignment = listener;
    }

    /** The poll thread is about to begin; before it does. */
    public void begin() {
        roundMs = time.milliseconds();
    }

    // ---------------------------------------------------------------- what the poll thread tells

    /** An attempt came to its end; before the record is settled. */
    public void completed(WorkRecord record) {
        WorkRecord.Outcome outcome = record.outcome();
        if (outcome == WorkRecord.Outcome.Handled.HANDLED) {
            handled++;
            latencies.record(record.durationNs());
        } else if (outcome == WorkRecord.Outcome.Handled.EXPIRED) {
            expired++;
        } else if (outcome instanceof WorkRecord.Outcome.Failed) {
            failed++;
            // None when it was asked for its time, not handled.
            if (record.attempt() > 0)
                latencies.record(record.durationNs());
        }
    }

    /** A poll begins. */
    public void pollBegins() {
        pollBeganNs = time.nanoseconds();
    }

    /** A poll is over. */
    public void pollEnded(boolean broughtRecords) {
        long tookNs = time.nanoseconds() - pollBeganNs;
        idleNs += broughtRecords ? Math.max(0, tookNs - POLL_WORK_NS) : tookNs;
    }

    /** The loop comes round: looks, if it is time to. */
    public void look(Subject subject, long nowMs) {
        roundMs = nowMs;
        if (nowMs < nextLookMs)
            return;
        long beganNs = time.nanoseconds();
        look(subject, nowMs, true);
        long tookMs = TimeUnit.NANOSECONDS.toMillis((time.nanoseconds() - beganNs) * LOOK_PART);
        nextLookMs = nowMs + Math.max(LOOK_MS, tookMs);
    }

    /** Looks, for other partitions are assigned. Does not ask Kafka's consumer, which may be calling back. */
    public void lookNow(Subject subject) {
        look(subject, time.milliseconds(), false);
    }

    // ---------------------------------------------------------------- looking

    private void look(Subject subject, long nowMs, boolean askLag) {
        try {
            snapshot = see(subject, nowMs, askLag);
            tellAssignment();
            if (askLag)
                askEnds(subject, nowMs);
        } catch (RuntimeException e) {
            // A reporter of the user's, perhaps: no reason to stop.
            failedTo("bring status and metrics up to date", e);
        }
    }

    private void failedTo(String what, RuntimeException e) {
        if (!failedToLook)
            LOG.warn("Failed to {}; this is said once", what, e);
        failedToLook = true;
    }

    private Snapshot see(Subject subject, long nowMs, boolean askLag) {
        long nowNs = time.nanoseconds();
        Collection<AssignedPartition> partitions = subject.partitions();
        Map<TopicPartition, PartitionView> views = new LinkedHashMap<>();
        Map<AssignedPartition, PartitionWatch> before = new HashMap<>(watched);
        watched.clear();
        for (AssignedPartition partition : partitions) {
            PartitionWatch watch = before.get(partition);
            if (watch == null)
                watch = new PartitionWatch(partition, handlerTimeoutMs, nowMs);
            watched.put(partition, watch);
            if (askLag && watch.knowsEnd(nowMs))
                watch.lag(lag(subject, partition.topicPartition()));
            views.put(partition.topicPartition(),
                    watch.look(subject.committed(partition.topicPartition()), subject.isPausedByUser(partition), nowMs, nowNs));
        }
        if (nowMs >= nextLatencyMs) {
            latency = latencies.look(nowMs);
            nextLatencyMs = nowMs + LATENCY_MS;
        }
        return new Snapshot(Collections.unmodifiableMap(views), new Snapshot.Attempted(handled, failed, expired), subject.totals(),
                latency, idleRate.look(nowNs, idleNs) / TimeUnit.SECONDS.toNanos(1), handledRate.look(nowNs, handled));
    }

    private void askEnds(Subject subject, long nowMs) {
        if (nowMs < nextEndsMs)
            return;
        nextEndsMs = nowMs + ENDS_MS;
        List<TopicPartition> notFetched = new ArrayList<>();
        snapshot.partitions().forEach((partition, view) -> {
            if (view.pausedByUser() || view.full())
                notFetched.add(partition);
        });
        if (!notFetched.isEmpty())
            subject.askEnds(notFetched);
    }

    private OptionalLong lag(Subject subject, TopicPartition partition) {
        try {
            return subject.lag(partition);
        } catch (RuntimeException e) {
            failedTo("learn the lag of " + partition, e);
            return OptionalLong.empty();
        }
    }

    private void tellAssignment() {
        Set<TopicPartition> assigned = snapshot.partitions().keySet();
        if (assigned.equals(told))
            return;
        told = Set.copyOf(assigned);
        onAssignment.accept(told);
    }

    // ---------------------------------------------------------------- any thread

    Snapshot snapshot() {
        return snapshot;
    }

    /** When the loop came round last, or began. */
    long roundMs() {
        return roundMs;
    }
}
