package dev.millrace.perf.report;

import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.TargetResult;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/** Lines of a report, each with a name in front; what the text of every command has in the same form. */
final class TextLines {
    private final StringBuilder text = new StringBuilder();

    void line(String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-10s ", name)).append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    /** The settings that were given, and behind them the others that are shown. */
    void settings(Map<String, Object> settings, Predicate<String> isGiven) {
        String given = joined(settings, isGiven);
        line("settings", "%s", (given.isEmpty() ? "" : given + "; ") + "defaults: " + joined(settings, isGiven.negate()));
    }

    private static String joined(Map<String, Object> settings, Predicate<String> wanted) {
        return settings.entrySet().stream()
                .filter(entry -> wanted.test(entry.getKey()))
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    void topic(Topic topic, String brokers) {
        line("topic", "%s, %d partitions%s, on %s", topic.name(), topic.partitions(),
                topic.replicationFactor() == 0 ? "" : ", replication factor " + topic.replicationFactor(), brokers);
    }

    /** Of times in microseconds. */
    void times(String name, Histogram histogram, String meaning) {
        if (histogram.getTotalCount() == 0) {
            line(name, "no samples");
            return;
        }
        line(name, "p50 %s  p90 %s  p99 %s  p99.9 %s  p99.99 %s  max %s ms  (%s)",
                ms(histogram, 50), ms(histogram, 90), ms(histogram, 99), ms(histogram, 99.9), ms(histogram, 99.99),
                ms(histogram, 100), meaning);
    }

    private static String ms(Histogram histogram, double percentile) {
        return String.format(Locale.ROOT, "%.3f", histogram.getValueAtPercentile(percentile) / 1e3);
    }

    /**
     * What it cost the client.
     *
     * @param userSeconds NaN where the system does not say
     * @param who allocated
     */
    void cost(double cpuSeconds, double userSeconds, double allocated, String who, long gcMs) {
        String user = Double.isNaN(userSeconds) ? "" : String.format(Locale.ROOT, " (%.2f outside the kernel)", userSeconds);
        line("cost", "%.2f CPU s per million records%s, %.0f bytes per record allocated by %s, GC %d ms", cpuSeconds, user,
                allocated, who, gcMs);
    }

    void targets(List<TargetResult> results) {
        for (TargetResult result : results) {
            line("target", "%-16s measured %-20s %s", result.target().expression(), result.formattedMeasured(),
                    result.tooFewSamples().isPresent() ? "NOT VALID" : result.met() ? "met" : "MISSED");
        }
    }

    /** How records are handled, and by how many at once. */
    static String handling(Handling handling, ConsumeClient client) {
        String work = handling.work().isZero() ? "no work"
                : String.format(Locale.ROOT, "%,d us of work for each record", handling.work().toNanos() / 1_000);
        return switch (client) {
            case KAFKA -> "one thread that polls and handles, " + work;
            case POOL -> handling.concurrency() + " threads and no consumer, " + work;
            case MILLRACE -> String.format(Locale.ROOT, "ordering %s, concurrency %,d, %s, %s", handling.ordering(),
                    handling.concurrency(), handling.async() ? "asynchronous handlers"
                            : handling.virtualThreads() ? "virtual threads" : "platform threads", work);
        };
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
