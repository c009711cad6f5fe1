package dev.millrace.perf.report;

import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.load.TransactionsResult;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.TargetResult;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/** A report as people read it. */
public final class ProduceText {
    private final ProduceReport report;
    private final StringBuilder text = new StringBuilder();

    private ProduceText(ProduceReport report) {
        this.report = report;
    }

    /** Some twenty lines, each ended. */
    public static String of(ProduceReport report) {
        return new ProduceText(report).compose();
    }

    private String compose() {
        Measurement measurement = report.measurement();
        PhaseResult phase = measurement.phase();
        asked();
        counts(phase);
        line("rate", "%,.0f records/s, %,.1f MB/s, in %,.2f s",
                measurement.recordsPerSecond(), measurement.megabytesPerSecond(), measurement.elapsedSeconds());
        phase.transactions().ifPresent(this::commits);
        if (report.spec().load().isPaced()) {
            times("response", phase.response(), "due time to acknowledgement");
            times("service", phase.service(), "send() to acknowledgement");
        } else {
            times("response", phase.response(), "= service time: in a closed loop a record is due when it is sent");
        }
        times("in send()", phase.inSend(),
                String.format(Locale.ROOT, "%.2f s of the callers' time in all", phase.inSendNs() / 1e9));
        cost(measurement);
        line("batches", "%s records per request, %s bytes per batch",
                number(measurement.recordsPerRequest()), number(measurement.batchBytesAvg()));
        targets();
        return text.toString();
    }

    private void asked() {
        Load load = report.spec().load();
        String pace = load.isPaced()
                ? String.format(Locale.ROOT, "%,.0f records/s by schedule (open loop)", load.throughput())
                : "as fast as the client takes them (closed loop)";
        String size = load.payloadFile().isPresent()
                ? "values from " + load.payloadFile().get() : String.format(Locale.ROOT, "%,d-byte values", load.recordSize());
        String keys = load.keyCardinality() == 0
                ? "no keys" : String.format(Locale.ROOT, "%,d keys", load.keyCardinality());
        line("client", "%s, %d %s, %s, %s, %s", report.spec().client(), load.threads(),
                load.threads() == 1 ? "thread" : "threads", size, keys, pace);
        line("settings", "%s", settings());
        line("topic", "%s, %d partitions%s, on %s", report.topic().name(), report.topic().partitions(),
                report.topic().replicationFactor() == 0 ? "" : ", replication factor " + report.topic().replicationFactor(),
                report.brokers());
    }

    private String settings() {
        Predicate<Map.Entry<String, Object>> isGiven = entry -> report.spec().settings().has(entry.getKey());
        String given = settings(isGiven);
        return (given.isEmpty() ? "" : given + "; ") + "defaults: " + settings(isGiven.negate());
    }

    private String settings(Predicate<Map.Entry<String, Object>> wanted) {
        return report.clientConfig().entrySet().stream()
                .filter(wanted)
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private void counts(PhaseResult phase) {
        String confirmed = report.confirmation().confirmed().isPresent()
                ? String.format(Locale.ROOT, "%,d confirmed %s", report.confirmation().confirmed().getAsLong(),
                        report.confirmation().transactional() ? "by a read_committed consumer" : "in the log")
                : "not confirmed: " + report.confirmation().notCounted();
        line(phase.stopped() ? "stopped" : "sent", "%,d %s, %,d errors, %s", phase.delivered(),
                phase.transactions().isPresent() ? "committed" : "acknowledged", phase.undelivered(), confirmed);
    }

    private void commits(TransactionsResult transactions) {
        String duration = report.spec().transactional().map(transactional -> String.format(Locale.ROOT,
                ", each after %,d ms", transactional.duration().toMillis())).orElse("");
        line("commits", "%,d%s; %,d transactions aborted", transactions.committed(), duration, transactions.aborted());
        times("commit", transactions.commitTime(), "in commitTransaction(), which also waits for records on their way");
    }

    private void times(String name, Histogram histogram, String meaning) {
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

    private void cost(Measurement measurement) {
        String user = Double.isNaN(measurement.userSecondsPerMillion()) ? ""
                : String.format(Locale.ROOT, " (%.2f outside the kernel)", measurement.userSecondsPerMillion());
        line("cost", "%.2f CPU s per million records%s, %.0f bytes per record allocated by the calling threads, GC %d ms",
                measurement.cpuSecondsPerMillion(), user, measurement.allocatedBytesPerRecord(),
                measurement.phase().cost().gcMs());
    }

    private void targets() {
        for (TargetResult result : report.targetResults()) {
            line("target", "%-16s measured %-20s %s", result.target().expression(), result.formattedMeasured(),
                    result.tooFewSamples().isPresent() ? "NOT VALID" : result.met() ? "met" : "MISSED");
        }
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "unknown" : String.format(Locale.ROOT, "%,.0f", value);
    }

    private void line(String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-10s ", name)).append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
