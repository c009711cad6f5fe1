package dev.millrace.perf.report;

import dev.millrace.perf.consume.EndToEndMeasurement;
import dev.millrace.perf.consume.Partitions;
import dev.millrace.perf.spec.Load;
import java.util.Locale;

/** A report of {@code e2e} as people read it. */
public final class EndToEndText {
    private EndToEndText() {
    }

    /** Some fifteen lines, each ended. */
    public static String of(EndToEndReport report) {
        EndToEndMeasurement measurement = report.measurement();
        Load load = report.spec().load();
        TextLines text = new TextLines();
        text.line("producer", "%s, %,.0f records/s by schedule (open loop), %,d-byte values, %s", report.spec().producer(),
                load.throughput(), load.recordSize(),
                load.keyCardinality() == 0 ? "no keys" : String.format(Locale.ROOT, "%,d keys", load.keyCardinality()));
        text.settings(report.producerConfig(), report.spec().producerSettings()::has);
        text.line("consumer", "%s, %s", report.spec().client(),
                TextLines.handling(report.spec().handling(), report.spec().client()));
        text.settings(report.consumerConfig(), report.spec().settings()::has);
        text.topic(report.topic(), report.brokers());
        text.line(measurement.stopped() ? "stopped" : "handled", "%,d, %s", measurement.handled(), confirmed(measurement));
        text.line("rate", "%,.0f records/s, in %,.2f s", measurement.recordsPerSecond(), measurement.elapsedSeconds());
        text.times("latency", measurement.untilHandled(), "due time until handled");
        text.times("to handler", measurement.untilHandler(), "due time until the handler was called");
        text.times("response", measurement.sent().phase().response(), "due time to acknowledgement");
        text.cost(measurement.cpuSecondsPerMillion(), measurement.userSecondsPerMillion(), measurement.allocatedBytesPerRecord(),
                "all threads of both clients", measurement.cost().gcMs());
        text.targets(report.targetResults());
        return text.toString();
    }

    private static String confirmed(EndToEndMeasurement measurement) {
        if (measurement.partitions().isEmpty()) {
            return "not checked: the run was stopped";
        }
        return String.format(Locale.ROOT, "%,d errors; of all, warm-up included, %,d handled once at least, %,d missing, "
                + "%,d handled again, %s", measurement.errors(), Partitions.confirmed(measurement.partitions()),
                Partitions.missing(measurement.partitions()), Partitions.duplicates(measurement.partitions()),
                Partitions.wrongCommits(measurement.partitions()).isEmpty() ? "all committed" : "NOT all committed");
    }
}
