package dev.millrace.perf.broker;

import java.util.Map;

/** Where the log of each partition ends. */
public record EndOffsets(Map<Integer, Long> byPartition) {
    /** Offsets gained in all; a partition that {@code before} does not know was empty then. */
    public long minus(EndOffsets before) {
        return byPartition.entrySet().stream()
                .mapToLong(end -> end.getValue() - before.byPartition().getOrDefault(end.getKey(), 0L))
                .sum();
    }

    /** Whether no partition is behind where {@code others} has it. */
    boolean reach(EndOffsets others) {
        return others.byPartition().entrySet().stream()
                .allMatch(end -> byPartition.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }
}
