package dev.millrace.testkit;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a {@link DeliveryLedger} found, as of one moment. Immutable.
 *
 * @param sent             records announced by {@link DeliveryLedger#sending}
 * @param acknowledged     records acknowledged
 * @param failed           records that ended in an exception
 * @param found            different records of this ledger in the log
 * @param observed         records read from the log, copies and foreign ones included
 * @param failedButPresent records that failed and are in the log all the same; no fault, for a client that gave up
 *                         waiting cannot know
 * @param aborted          records whose transaction was aborted; each is acknowledged or failed as well
 * @param failures         how many records failed with which exception class
 * @param counts           how many records each fault befell; a fault that did not happen is absent
 * @param examples         the first few records of each fault, in words
 */
public record DeliveryReport(long sent, long acknowledged, long failed, long found, long observed,
                             long failedButPresent, long aborted,
                             Map<String, Long> failures, Map<DeliveryFault, Long> counts,
                             Map<DeliveryFault, List<String>> examples) {

    /** Copies the maps. */
    public DeliveryReport {
        failures = Map.copyOf(failures);
        counts = Map.copyOf(counts);
        examples = Map.copyOf(examples);
    }

    /** How many records the fault befell. */
    public long count(DeliveryFault fault) {
        return counts.getOrDefault(fault, 0L);
    }

    /** The first few records the fault befell, in words. */
    public List<String> examples(DeliveryFault fault) {
        return examples.getOrDefault(fault, List.of());
    }

    /** Whether no fault happened but those allowed. */
    public boolean isClean(DeliveryFault... allowed) {
        return faults(allowed).isEmpty();
    }

    /**
     * Fails the test if any fault happened that is not allowed.
     *
     * @return this report
     * @throws AssertionError that lists every such fault with examples
     */
    public DeliveryReport assertClean(DeliveryFault... allowed) {
        Set<DeliveryFault> faults = faults(allowed);
        if (!faults.isEmpty()) {
            throw new AssertionError("the log does not hold what was promised:\n" + describe(faults));
        }
        return this;
    }

    private Set<DeliveryFault> faults(DeliveryFault... allowed) {
        Set<DeliveryFault> faults = EnumSet.noneOf(DeliveryFault.class);
        faults.addAll(counts.keySet());
        Arrays.asList(allowed).forEach(faults::remove);
        return faults;
    }

    private String describe(Set<DeliveryFault> faults) {
        StringBuilder text = new StringBuilder();
        text.append("sent ").append(sent).append(", acknowledged ").append(acknowledged);
        text.append(", failed ").append(failed);
        text.append("; in the log ").append(found).append(" of them, among ").append(observed).append(" records");
        if (failedButPresent > 0) {
            text.append("; ").append(failedButPresent).append(" failed and are in the log all the same");
        }
        if (aborted > 0) {
            text.append("; of aborted transactions ").append(aborted);
        }
        if (!failures.isEmpty()) {
            text.append("\n  failures: ").append(failures);
        }
        for (DeliveryFault fault : DeliveryFault.values()) {
            if (faults.contains(fault)) {
                describe(fault, text);
            }
        }
        return text.toString();
    }

    private void describe(DeliveryFault fault, StringBuilder text) {
        text.append("\n  ").append(count(fault)).append(' ').append(fault.text());
        examples(fault).forEach(example -> text.append("\n      ").append(example));
        if (count(fault) > examples(fault).size()) {
            text.append("\n      ...");
        }
    }

    @Override
    public String toString() {
        return describe(counts.keySet());
    }
}
