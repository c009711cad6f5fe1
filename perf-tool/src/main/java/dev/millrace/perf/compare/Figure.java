package dev.millrace.perf.compare;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.perf.spec.ProduceSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What is compared: figures of a run, by their place in the JSON of {@code produce}. */
public enum Figure {
    RATE("records_per_s", "records/s", Better.HIGHER, 0),
    CPU("cpu_s_per_million", "CPU s per million records", Better.LOWER, 3),
    CPU_USER("detail.cpu_user_s_per_million", "  outside the kernel", Better.LOWER, 3),
    CPU_WARM("detail.cpu_without_compiler_s_per_million", "  without the JVM's compiler", Better.LOWER, 3),
    ALLOCATED("alloc_bytes_per_record", "bytes allocated per record, callers", Better.LOWER, 0),
    ALLOCATED_ALL("detail.alloc_bytes_per_record_all_threads", "  all threads", Better.LOWER, 0),
    RESPONSE_P50("response_ms.p50", "response ms, p50", Better.LOWER, 3, 20),
    RESPONSE_P90("response_ms.p90", "  p90", Better.LOWER, 3, 100),
    RESPONSE_P99("response_ms.p99", "  p99", Better.LOWER, 3, 1_000),
    RESPONSE_P99_9("response_ms.p99_9", "  p99.9", Better.LOWER, 3, 10_000),
    COMMIT_P50("transactions.commit_ms.p50", "commit ms, p50", Better.LOWER, 3),
    RECORDS_PER_REQUEST("records_per_request", "records per request", Better.HIGHER, 1),
    RECORDS_PER_BATCH("records_per_batch", "records per batch", Better.HIGHER, 1),
    BATCH_BYTES("batch_bytes_avg", "bytes per batch", Better.HIGHER, 0);

    /** Which of two values speaks for its side. */
    enum Better { HIGHER, LOWER }

    private final String metric;
    private final String title;
    private final Better better;
    private final int digits;
    /** Samples without which a percentile is a matter of luck; 0 for what is no percentile of response time. */
    private final long samplesNeeded;

    Figure(String metric, String title, Better better, int digits) {
        this(metric, title, better, digits, 0);
    }

    Figure(String metric, String title, Better better, int digits, long samplesNeeded) {
        this.metric = metric;
        this.title = title;
        this.better = better;
        this.digits = digits;
        this.samplesNeeded = samplesNeeded;
    }

    /** Its name: the keys that lead to it, with dots between them. */
    public String metric() {
        return metric;
    }

    String title() {
        return title;
    }

    Better better() {
        return better;
    }

    int digits() {
        return digits;
    }

    /** Empty when there is none of that name. */
    static Optional<Figure> named(String metric) {
        return Arrays.stream(values()).filter(figure -> figure.metric.equals(metric)).findFirst();
    }

    static List<String> metrics() {
        return Arrays.stream(values()).map(Figure::metric).toList();
    }

    /** Its value in a run's JSON; NaN when the run has none. */
    double in(JsonNode run) {
        JsonNode value = run.at("/" + metric.replace('.', '/'));
        return value.isNumber() ? value.asDouble() : Double.NaN;
    }

    /** Why such runs do not have it, when they do not. */
    public Optional<String> missingFrom(ProduceSpec a, ProduceSpec b) {
        if (samplesNeeded > 0) {
            // In a closed loop it is the length of a queue that the client fills as fast as it can.
            if (!a.load().isPaced()) {
                return Optional.of(metric + " is compared in an open loop only: add --throughput");
            }
            if (a.load().numRecords() < samplesNeeded) {
                return Optional.of(String.format(Locale.ROOT, "%s needs at least %,d records to mean something",
                        metric, samplesNeeded));
            }
        }
        if (this == COMMIT_P50 && (a.transactional().isEmpty() || b.transactional().isEmpty())) {
            return Optional.of(metric + " is for runs with transactions");
        }
        return Optional.empty();
    }
}
