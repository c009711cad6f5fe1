package dev.millrace.perf.compare;

import dev.millrace.perf.compare.Figure.Better;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Runs of {@code produce}. */
public record ProduceRuns(ProduceSpec a, ProduceSpec b) implements ComparedRuns {
    private static final String COMMIT = "transactions.commit_ms.p50";

    public static final List<Figure> FIGURES = List.of(
            new Figure("records_per_s", "records/s", Better.HIGHER, 0),
            new Figure("cpu_s_per_million", "CPU s per million records", Better.LOWER, 3),
            new Figure("detail.cpu_user_s_per_million", "  outside the kernel", Better.LOWER, 3),
            new Figure("detail.cpu_without_compiler_s_per_million", "  without the JVM's compiler", Better.LOWER, 3),
            new Figure("alloc_bytes_per_record", "bytes allocated per record, callers", Better.LOWER, 0),
            new Figure("detail.alloc_bytes_per_record_all_threads", "  all threads", Better.LOWER, 0),
            new Figure("response_ms.p50", "response ms, p50", Better.LOWER, 3),
            new Figure("response_ms.p90", "  p90", Better.LOWER, 3),
            new Figure("response_ms.p99", "  p99", Better.LOWER, 3),
            new Figure("response_ms.p99_9", "  p99.9", Better.LOWER, 3),
            new Figure(COMMIT, "commit ms, p50", Better.LOWER, 3),
            new Figure("records_per_request", "records per request", Better.HIGHER, 1),
            new Figure("records_per_batch", "records per batch", Better.HIGHER, 1),
            new Figure("batch_bytes_avg", "bytes per batch", Better.HIGHER, 0));

    /** Samples without which a percentile is a matter of luck. */
    static final Map<String, Long> SAMPLES_NEEDED = Map.of("p50", 20L, "p90", 100L, "p99", 1_000L, "p99_9", 10_000L);

    @Override
    public List<Figure> figures() {
        return FIGURES;
    }

    @Override
    public Optional<String> missing(Figure figure) {
        String metric = figure.metric();
        if (metric.startsWith("response_ms.")) {
            // In a closed loop it is the length of a queue that the client fills as fast as it can.
            if (!a.load().isPaced()) {
                return Optional.of(metric + " is compared in an open loop only: add --throughput");
            }
            return tooFew(metric, a.load().numRecords());
        }
        if (metric.equals(COMMIT) && (a.transactional().isEmpty() || b.transactional().isEmpty())) {
            return Optional.of(metric + " is for runs with transactions");
        }
        return Optional.empty();
    }

    /** Why a percentile says nothing, when it does not. */
    static Optional<String> tooFew(String metric, long samples) {
        long needed = SAMPLES_NEEDED.get(metric.substring(metric.lastIndexOf('.') + 1));
        return samples >= needed ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "%s needs at least %,d records to mean something", metric, needed));
    }

    @Override
    public String load(UnaryOperator<String> option) {
        Load load = a.load();
        String threads = option.apply("threads");
        return String.format(Locale.ROOT, "%s %s, %s, %s, %s; %,d records after %,d of warm-up", threads,
                threads.equals("1") ? "thread" : "threads",
                load.payloadFile().isPresent() ? "values from " + load.payloadFile().get()
                        : option.apply("record_size") + "-byte values",
                option.apply("key_cardinality").equals("0") ? "no keys" : option.apply("key_cardinality") + " keys",
                load.isPaced() ? String.format(Locale.ROOT, "%,.0f records/s by schedule (open loop)", load.throughput())
                        : "as fast as the client takes them (closed loop)",
                load.numRecords(), load.warmupRecords());
    }

    @Override
    public String confirmed(boolean all) {
        return all ? "every record of every run confirmed in the log" : "the sink stores nothing, so nothing was confirmed";
    }
}
