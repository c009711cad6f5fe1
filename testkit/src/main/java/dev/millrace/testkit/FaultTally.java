package dev.millrace.testkit;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Counts faults and keeps the first few of each kind in words. Not thread-safe. */
final class FaultTally {
    static final int EXAMPLES = 10;

    private final Map<DeliveryFault, Long> counts = new EnumMap<>(DeliveryFault.class);
    private final Map<DeliveryFault, List<String>> examples = new EnumMap<>(DeliveryFault.class);

    void add(DeliveryFault fault, Supplier<String> example) {
        counts.merge(fault, 1L, Long::sum);
        List<String> kept = examples.computeIfAbsent(fault, f -> new ArrayList<>());
        if (kept.size() < EXAMPLES) {
            kept.add(example.get());
        }
    }

    void addAll(FaultTally other) {
        other.counts.forEach((fault, count) -> counts.merge(fault, count, Long::sum));
        other.examples.forEach((fault, texts) -> {
            List<String> kept = examples.computeIfAbsent(fault, f -> new ArrayList<>());
            kept.addAll(texts.subList(0, Math.min(texts.size(), EXAMPLES - kept.size())));
        });
    }

    void clear() {
        counts.clear();
        examples.clear();
    }

    Map<DeliveryFault, Long> counts() {
        return counts;
    }

    Map<DeliveryFault, List<String>> examples() {
        return examples;
    }
}
