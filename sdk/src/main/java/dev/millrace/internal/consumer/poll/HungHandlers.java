package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.HungHandlerListener;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks for handlers that have been running for too long, and tells of each once. Poll thread only. */
final class HungHandlers {

    private static final Logger LOG = LoggerFactory.getLogger(HungHandlers.class);
    private static final long LONGEST_LOOK_MS = 1_000;

    /** {@link Long#MAX_VALUE} for never. */
    private final long timeoutMs;
    private final HungHandlerListener listener;
    /** With the beginning of the attempt that was reported: between two looks a record may have begun another. */
    private final Map<WorkRecord, Long> reported = new HashMap<>();
    private long nextLookMs;

    HungHandlers(long timeoutMs, HungHandlerListener listener) {
        this.timeoutMs = timeoutMs;
        this.listener = listener;
    }

    /** Looks, if it is time to. */
    void look(Collection<AssignedPartition> partitions, long nowMs, long nowNs) {
        if (timeoutMs == Long.MAX_VALUE || nowMs < nextLookMs)
            return;
        nextLookMs = nowMs + Math.max(1, Math.min(LONGEST_LOOK_MS, timeoutMs / 4));
        reported.entrySet().removeIf(told -> told.getKey().status() != WorkRecord.Status.RUNNING
                || told.getKey().startNs() != told.getValue());
        for (AssignedPartition partition : partitions) {
            if (partition.tracker() == null)
                continue;
            for (WorkRecord record = partition.tracker().oldest(); record != null; record = partition.tracker().next(record))
                look(record, nowNs);
        }
    }

    private void look(WorkRecord record, long nowNs) {
        // Read once: it may begin, or begin anew, at any moment.
        long startNs = record.startNs();
        if (startNs == 0 || record.status() != WorkRecord.Status.RUNNING)
            return;
        long sinceMs = TimeUnit.NANOSECONDS.toMillis(nowNs - startNs);
        if (sinceMs >= timeoutMs && reported.putIfAbsent(record, startNs) == null)
            tell(record, sinceMs);
    }

    private void tell(WorkRecord record, long sinceMs) {
        LOG.warn("The handler of {} has been running for {} ms, longer than millrace.consumer.handler.timeout.ms ({})", record, sinceMs,
                timeoutMs);
        try {
            listener.onHungHandler(record.partition().topicPartition(), record.offset(), Duration.ofMillis(sinceMs));
        } catch (RuntimeException e) {
            LOG.error("The listener for hung handlers threw", e);
        }
    }
}
