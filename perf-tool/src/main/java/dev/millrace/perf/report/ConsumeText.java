package dev.millrace.perf.report;

import dev.millrace.perf.consume.ConsumeMeasurement;
import dev.millrace.perf.consume.ConsumePhase;
import dev.millrace.perf.consume.LagSample;
import dev.millrace.perf.consume.Partitions;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.Fill;
import dev.millrace.perf.spec.Handling;
import java.util.List;
import java.util.Locale;

/** A report of {@code consume} as people read it. */
public final class ConsumeText {
    private final ConsumeReport report;
    private final TextLines text = new TextLines();

    private ConsumeText(ConsumeReport report) {
        this.report = report;
    }

    /** Some fifteen lines, each ended. */
    public static String of(ConsumeReport report) {
        return new ConsumeText(report).compose();
    }

    private String compose() {
        ConsumeMeasurement measurement = report.measurement();
        ConsumePhase phase = measurement.phase();
        Handling handling = report.spec().handling();
        text.line("client", "%s, %s", report.spec().client(), TextLines.handling(handling, report.spec().client()));
        records(report.spec().fill());
        if (report.spec().client().reads()) {
            text.settings(report.clientConfig(), report.spec().settings()::has);
            report.topic().ifPresent(topic -> text.topic(topic, report.brokers()));
        }
        text.line(phase.stopped() ? "stopped" : "handled", "%,d %s", phase.handled(), confirmed());
        text.line("rate", "%,.0f records/s, in %,.2f s", measurement.recordsPerSecond(), measurement.elapsedSeconds());
        if (report.spec().fill().hotKeyShare() > 0) {
            text.line("other keys", "%,d records without the hot key: %,.0f a second up to 80 %% of them, %,.0f up to the last",
                    phase.others().records(), phase.others().firstPerSecond(), phase.others().perSecond());
        }
        if (!handling.work().isZero()) {
            text.line("share", "%.1f %% of the %,.0f records/s that %d at a time could do if only their work took time",
                    100 * measurement.share(), handling.ideal(report.spec().client()),
                    handling.concurrencyOf(report.spec().client()));
        }
        text.times("handler", phase.times(), handling.work().isZero()
                ? "of one record in 64, for there is no work" : "time in the handler, until its work was done");
        if (measurement.commits()) {
            text.line("lag", "committed behind the end: %s", lag(phase.lag()));
        }
        text.cost(measurement.cpuSecondsPerMillion(), measurement.userSecondsPerMillion(), measurement.allocatedBytesPerRecord(),
                "all threads", phase.cost().gcMs());
        text.targets(report.targetResults());
        return text.toString();
    }

    private void records(Fill fill) {
        String hot = fill.hotKeyShare() == 0 ? ""
                : String.format(Locale.ROOT, ", and one key with %.0f %% of the records", 100 * fill.hotKeyShare());
        if (report.spec().client() == ConsumeClient.POOL) {
            text.line("tasks", "%,d after %,d of warm-up", fill.numRecords(), fill.warmupRecords());
        } else {
            text.line("records", "%,d-byte values, %s%s, as %s", fill.recordSize(),
                    fill.keyCardinality() == 0 ? "no keys" : String.format(Locale.ROOT, "%,d keys", fill.keyCardinality()), hot,
                    report.spec().handling().form());
        }
    }

    private String confirmed() {
        ConsumeMeasurement measurement = report.measurement();
        if (measurement.partitions().isEmpty()) {
            return "handled, not checked: the run was stopped";
        }
        return String.format(Locale.ROOT, "after the warm-up; of all, warm-up included, %,d handled once at least, %,d missing, "
                + "%,d handled again%s", Partitions.confirmed(measurement.partitions()),
                Partitions.missing(measurement.partitions()), Partitions.duplicates(measurement.partitions()),
                !measurement.commits() ? "" : measurement.wrongCommits().isEmpty() ? ", all committed" : ", NOT all committed");
    }

    private static String lag(List<LagSample> samples) {
        if (samples.isEmpty()) {
            return "not known";
        }
        LagSample first = samples.get(0);
        LagSample last = samples.get(samples.size() - 1);
        long most = samples.stream().mapToLong(LagSample::records).max().orElse(0);
        return String.format(Locale.ROOT, "%,d records at %.1f s, %,d at most, %,d at %.1f s", first.records(), first.seconds(),
                most, last.records(), last.seconds());
    }
}
