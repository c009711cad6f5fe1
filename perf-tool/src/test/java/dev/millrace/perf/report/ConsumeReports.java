package dev.millrace.perf.report;

import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.consume.ConsumeMeasurement;
import dev.millrace.perf.consume.ConsumePhase;
import dev.millrace.perf.consume.LagSample;
import dev.millrace.perf.consume.PartitionResult;
import dev.millrace.perf.consume.RateOfOthers;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.Fill;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.Ordering;
import dev.millrace.perf.spec.RecordForm;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.HdrHistogram.Histogram;

/**
 * Reports of runs of {@code consume} that never were: Millrace, 4 at a time, 1 ms of work, 1,000 records in half a second after
 * 500 of warm-up, all of one partition, unless changed.
 */
final class ConsumeReports {
    private ConsumeClient client = ConsumeClient.MILLRACE;
    private long missing;
    private long duplicates;
    private long planned = 1_000;
    private long committed = 1_500;
    private boolean stopped;
    private String stalled;
    private double hotKeyShare;
    private int workUs = 1_000;
    private List<String> targets = List.of();

    static ConsumeReports clean() {
        return new ConsumeReports();
    }

    ConsumeReports client(ConsumeClient other) {
        client = other;
        return this;
    }

    ConsumeReports missing(long count) {
        missing = count;
        return this;
    }

    ConsumeReports planned(long count) {
        planned = count;
        return this;
    }

    ConsumeReports duplicates(long count) {
        duplicates = count;
        return this;
    }

    ConsumeReports committed(long offset) {
        committed = offset;
        return this;
    }

    ConsumeReports stopped() {
        stopped = true;
        return this;
    }

    ConsumeReports stalled(String why) {
        stalled = why;
        return this;
    }

    ConsumeReports hotKeyShare(double share) {
        hotKeyShare = share;
        return this;
    }

    ConsumeReports workUs(int micros) {
        workUs = micros;
        return this;
    }

    ConsumeReports targets(String... expressions) {
        targets = List.of(expressions);
        return this;
    }

    ConsumeReport make() {
        Histogram times = new Histogram(1, 3_600_000_000L, 3);
        for (int i = 1; i <= 1_000; i++) {
            times.recordValue(1_000L + i);
        }
        ConsumerSettings settings = ConsumerSettings.of(Optional.empty(), List.of("max.poll.records=700"), "--command-property");
        Handling handling = new Handling(Ordering.KEY, 4, false, false, Duration.ofNanos(workUs * 1_000L), RecordForm.BYTE_ARRAY);
        Fill fill = new Fill(1_000, 500, 100, 10_000, hotKeyShare, settings.producer(List.of()), false, 1);
        Where where = new Where(Optional.empty(), Optional.empty(), 1, Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
        ConsumeSpec spec = new ConsumeSpec(client, settings, handling, fill, where, Targets.ofConsume(targets));
        ConsumePhase phase = new ConsumePhase(500_000_000L, 1_000, times, new RateOfOthers.Result(400, 800, 1_600),
                List.of(new LagSample(0.25, 500), new LagSample(0.5, 0)), List.of(new LagSample(0.0001, 1_500)), stopped,
                Optional.ofNullable(stalled), new PhaseResult.Cost(3_000_000, 1_000_000, 7, 9, 1_000_000, 120_000));
        List<PartitionResult> partitions = stopped ? List.of() : List.of(new PartitionResult(3, 0, 1_500, 1_500,
                1_500 - missing + duplicates, missing, missing == 0 ? -1 : 77, duplicates, 0, 1_499, committed));
        ConsumeMeasurement measurement = new ConsumeMeasurement(spec, phase, partitions, client.reads(), planned, 12);
        return new ConsumeReport(spec, settings.effective(client, "127.0.0.1:1"), "1 embedded broker",
                Optional.of(new Topic("t", 6, 1, true)), Optional.of("g"), measurement, new Environment("17", 2, "Linux"));
    }
}
