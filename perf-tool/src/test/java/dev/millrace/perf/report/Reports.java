package dev.millrace.perf.report;

import dev.millrace.perf.broker.Confirmation;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.load.TransactionsResult;
import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ClientSettings;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Transactional;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;

/** Reports of runs that never were: 1000 records, response times from 1 to 1000 ms, unless changed. */
final class Reports {
    private double throughput = -1;
    private long failed;
    private long behindMs;
    private boolean stopped;
    private OptionalLong confirmed = OptionalLong.of(1_000);
    private Optional<TransactionsResult> transactions = Optional.empty();
    private List<String> targets = List.of();

    static Reports clean() {
        return new Reports();
    }

    Reports throughput(double recordsPerSecond) {
        throughput = recordsPerSecond;
        return this;
    }

    Reports failed(long count) {
        failed = count;
        return this;
    }

    Reports behindMs(long ms) {
        behindMs = ms;
        return this;
    }

    Reports stopped() {
        stopped = true;
        return this;
    }

    Reports confirmed(long count) {
        confirmed = OptionalLong.of(count);
        return this;
    }

    Reports unconfirmed() {
        confirmed = OptionalLong.empty();
        return this;
    }

    /** 4 transactions of 250 records each were to be; so many of them were aborted. */
    Reports transactions(int aborted) {
        Histogram commitTime = new Histogram(1, 3_600_000_000L, 3);
        for (int i = aborted; i < 4; i++) {
            commitTime.recordValue(10_000L * (i + 1));
        }
        transactions = Optional.of(new TransactionsResult(4 - aborted, aborted, 250L * (4 - aborted), 250L * aborted, commitTime,
                aborted == 0 ? Map.of() : Map.of("KafkaException", aborted + " x too late")));
        return this;
    }

    Reports targets(String... expressions) {
        targets = List.of(expressions);
        return this;
    }

    ProduceReport make() {
        Histogram response = new Histogram(1, 3_600_000_000L, 3);
        for (int i = 1; i <= 1_000; i++) {
            response.recordValue(i * 1_000L);
        }
        Load load = new Load(1_000, 10, 100, Optional.empty(), "\n", throughput, 2, 0, 1);
        Where where = new Where(Optional.empty(), Optional.empty(), 1, Optional.empty(), OptionalInt.empty(),
                OptionalInt.empty());
        ClientSettings settings = ClientSettings.of(Optional.empty(), List.of("linger.ms=7"));
        ProduceSpec spec = new ProduceSpec(Client.KAFKA, settings, load,
                transactions.map(any -> new Transactional("tx-1", Duration.ofMillis(500))), where, Targets.parse(targets));
        PhaseResult phase = new PhaseResult(2_000_000_000L, 1_000 + failed, 1_000, failed,
                failed == 0 ? Map.of() : Map.of("TimeoutException", failed + " x late"), (1_000 + failed) * 100,
                response, response, response, 5_000_000, 100_000, behindMs * 1_000_000, stopped, transactions,
                new PhaseResult.Cost(3_000_000, 1_000_000, 7, 9, 1_000_000, 120_000));
        Confirmation confirmation = confirmed.isEmpty() ? Confirmation.none(1_000, "the sink stores nothing")
                : transactions.isEmpty() ? Confirmation.counted(confirmed.getAsLong(), 1_000)
                : Confirmation.read(confirmed.getAsLong(), phase.delivered());
        return new ProduceReport(spec, settings.effective(Client.KAFKA, "127.0.0.1:1"), "1 embedded broker",
                new Topic("t", 6, 1, true),
                new Measurement(load, phase, 250, 125, Double.NaN), confirmation, new Environment("17", 2, "Linux"));
    }
}
