package dev.millrace.perf.report;

import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.load.TransactionsResult;
import dev.millrace.perf.spec.Load;
import java.util.Locale;

/** A report as people read it. */
public final class ProduceText {
    private final ProduceReport report;
    private final TextLines text = new TextLines();

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
        text.line("rate", "%,.0f records/s, %,.1f MB/s, in %,.2f s",
                measurement.recordsPerSecond(), measurement.megabytesPerSecond(), measurement.elapsedSeconds());
        phase.transactions().ifPresent(this::commits);
        if (report.spec().load().isPaced()) {
            text.times("response", phase.response(), "due time to acknowledgement");
            text.times("service", phase.service(), "send() to acknowledgement");
        } else {
            text.times("response", phase.response(), "= service time: in a closed loop a record is due when it is sent");
        }
        text.times("in send()", phase.inSend(),
                String.format(Locale.ROOT, "%.2f s of the callers' time in all", phase.inSendNs() / 1e9));
        text.cost(measurement.cpuSecondsPerMillion(), measurement.userSecondsPerMillion(), measurement.allocatedBytesPerRecord(),
                "the calling threads", phase.cost().gcMs());
        text.line("batches", "%s records per request, %s bytes per batch",
                number(measurement.recordsPerRequest()), number(measurement.batchBytesAvg()));
        text.targets(report.targetResults());
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
        text.line("client", "%s, %d %s, %s, %s, %s", report.spec().client(), load.threads(),
                load.threads() == 1 ? "thread" : "threads", size, keys, pace);
        text.settings(report.clientConfig(), report.spec().settings()::has);
        text.topic(report.topic(), report.brokers());
    }

    private void counts(PhaseResult phase) {
        String confirmed = report.confirmation().confirmed().isPresent()
                ? String.format(Locale.ROOT, "%,d confirmed %s", report.confirmation().confirmed().getAsLong(),
                        report.confirmation().transactional() ? "by a read_committed consumer" : "in the log")
                : "not confirmed: " + report.confirmation().notCounted();
        text.line(phase.stopped() ? "stopped" : "sent", "%,d %s, %,d errors, %s", phase.delivered(),
                phase.transactions().isPresent() ? "committed" : "acknowledged", phase.undelivered(), confirmed);
    }

    private void commits(TransactionsResult transactions) {
        String duration = report.spec().transactional().map(transactional -> String.format(Locale.ROOT,
                ", each after %,d ms", transactional.duration().toMillis())).orElse("");
        text.line("commits", "%,d%s; %,d transactions aborted", transactions.committed(), duration, transactions.aborted());
        text.times("commit", transactions.commitTime(), "in commitTransaction(), which also waits for records on their way");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "unknown" : String.format(Locale.ROOT, "%,.0f", value);
    }
}
