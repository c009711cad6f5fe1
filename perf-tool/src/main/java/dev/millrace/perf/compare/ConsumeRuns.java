package dev.millrace.perf.compare;

import dev.millrace.perf.compare.Figure.Better;
import dev.millrace.perf.spec.ConsumeSpec;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Runs of {@code consume}. */
public record ConsumeRuns(ConsumeSpec a, ConsumeSpec b) implements ComparedRuns {
    public static final List<Figure> FIGURES = List.of(
            new Figure("records_per_s", "records/s", Better.HIGHER, 0),
            new Figure("share", "share of what the work allows", Better.HIGHER, 3),
            new Figure("cpu_s_per_million", "CPU s per million records", Better.LOWER, 3),
            new Figure("detail.cpu_user_s_per_million", "  outside the kernel", Better.LOWER, 3),
            new Figure("detail.cpu_without_compiler_s_per_million", "  without the JVM's compiler", Better.LOWER, 3),
            new Figure("alloc_bytes_per_record", "bytes allocated per record", Better.LOWER, 0),
            new Figure("handler_ms.p50", "ms in the handler, p50", Better.LOWER, 3),
            new Figure("handler_ms.p90", "  p90", Better.LOWER, 3),
            new Figure("handler_ms.p99", "  p99", Better.LOWER, 3),
            new Figure("handler_ms.p99_9", "  p99.9", Better.LOWER, 3),
            new Figure("other_keys.records_per_s", "other keys' records/s", Better.HIGHER, 0),
            new Figure("other_keys.first_80_percent_per_s", "  up to 80 % of them", Better.HIGHER, 0));

    @Override
    public List<Figure> figures() {
        return FIGURES;
    }

    @Override
    public Optional<String> missing(Figure figure) {
        String metric = figure.metric();
        boolean aboutWork = metric.equals("share") || metric.startsWith("handler_ms.");
        if (aboutWork && (a.handling().work().isZero() || b.handling().work().isZero())) {
            return Optional.of(metric + " is for handlers that work: add --work-us");
        }
        if (metric.startsWith("handler_ms.")) {
            return ProduceRuns.tooFew(metric, Math.min(a.fill().numRecords(), b.fill().numRecords()));
        }
        if (metric.startsWith("other_keys.") && a.fill().hotKeyShare() == 0 && b.fill().hotKeyShare() == 0) {
            return Optional.of(metric + " is for runs with a hot key: add --hot-key-share");
        }
        return Optional.empty();
    }

    @Override
    public String load(UnaryOperator<String> option) {
        String hot = option.apply("hot_key_share");
        return String.format(Locale.ROOT, "%s us of work, %s at a time, %s-byte values as %s, %s keys%s; %,d records after %,d of "
                + "warm-up", option.apply("work_us"), option.apply("concurrency"), option.apply("record_size"),
                option.apply("deserializer"), option.apply("key_cardinality"),
                hot.equals("0") ? "" : ", hot key's share " + hot, a.fill().numRecords(), a.fill().warmupRecords());
    }

    @Override
    public String confirmed(boolean all) {
        return all ? "every record of every run handled once, and committed where there are commits" : "not every run was checked";
    }
}
