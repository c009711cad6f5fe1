package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.LedgerLoad;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryReport;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;

/**
 * What became of a scenario's records, and what shows that its fault bit.
 *
 * @param metrics the producer's, by name, when all was over
 */
record Outcome(DeliveryReport report, LedgerLoad load, Map<String, Double> metrics, double seconds) {

    private static final Set<String> EXPIRED = Set.of("TimeoutException", "NotEnoughReplicasException",
            "NotEnoughReplicasAfterAppendException", "NotLeaderOrFollowerException", "NetworkException");

    String line(String scenario, long seed) {
        return String.format(Locale.ROOT, "LEDGER %s: sent %,d, acked %,d, failed by exception %,d %s, lost %,d, dup %,d, out of order"
                        + " %,d, retries %,.0f, connections closed %.0f, %.1f s, seed %d%s", scenario, report.sent(),
                report.acknowledged(), report.failed(), report.failures(), report.count(DeliveryFault.LOST),
                report.count(DeliveryFault.DUPLICATED), report.count(DeliveryFault.OUT_OF_ORDER_IN_KEY), metric("record-retry-total"),
                metric("connection-close-total"), seconds, seed, otherFaults());
    }

    private String otherFaults() {
        Map<DeliveryFault, Long> others = new EnumMap<>(DeliveryFault.class);
        others.putAll(report.counts());
        others.keySet().removeAll(Set.of(DeliveryFault.LOST, DeliveryFault.DUPLICATED, DeliveryFault.OUT_OF_ORDER_IN_KEY));
        return others.isEmpty() ? "" : " " + others;
    }

    /** The producer's own metrics that are numbers, without those of a node or a topic. */
    static Map<String, Double> metrics(Producer<?, ?> producer) {
        Map<String, Double> values = new HashMap<>();
        for (Metric metric : producer.metrics().values())
            if (metric.metricName().group().equals("producer-metrics") && metric.metricValue() instanceof Double value)
                values.put(metric.metricName().name(), value);
        return values;
    }

    static double metric(Producer<?, ?> producer, String name) {
        return metrics(producer).getOrDefault(name, 0.0);
    }

    double metric(String name) {
        return metrics.getOrDefault(name, 0.0);
    }

    /** Nothing lost, twice or out of order but as allowed, each record decided, and the books balance. */
    Outcome assertKept(DeliveryFault... allowed) {
        report.assertClean(allowed);
        assertTrue(report.sent() >= Length.current().records(), "only " + report.sent() + " records were sent");
        assertEquals(report.sent(), report.acknowledged() + report.failed(), report::toString);
        assertEquals(load.sent(), report.sent());
        assertEquals(load.acknowledged(), report.acknowledged());
        // What was read, counted without regard to single records.
        assertEquals(report.observed(), report.acknowledged() - report.count(DeliveryFault.LOST)
                + report.failedButPresent() + report.count(DeliveryFault.DUPLICATED), report::toString);
        return this;
    }

    /** As {@link #assertKept}, and no record failed. */
    Outcome assertDelivered(DeliveryFault... allowed) {
        assertKept(allowed);
        assertEquals(0, report.failed(), () -> report + " " + load.failureMessages());
        return this;
    }

    /** Records had to be sent again. */
    Outcome assertRetried() {
        assertTrue(metric("record-retry-total") > 0, "no record was sent again: the fault did not bite");
        return this;
    }

    /** The client lost connections, at least so many. */
    Outcome assertConnectionsLost(int atLeast) {
        assertTrue(metric("connection-close-total") >= atLeast, "only " + metric("connection-close-total")
                + " connections were lost, not " + atLeast + ": the fault did not bite");
        return this;
    }

    /**
     * Records expired, and none failed but for that: with a TimeoutException, or, when an answer that would be followed by a retry came
     * after the deadline, with what that said.
     */
    Outcome assertExpired() {
        assertTrue(report.failures().containsKey("TimeoutException"), "no record expired: the fault did not bite");
        assertTrue(EXPIRED.containsAll(report.failures().keySet()), () -> report + " " + load.failureMessages());
        return this;
    }
}
