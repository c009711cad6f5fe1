package dev.millrace.perf.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.load.TransactionsResult;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.TargetResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A report as programs read it. The keys are stable and documented in docs/perf-tool.md; what is not known is null. */
public final class ProduceJson {
    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final Map<String, Double> PERCENTILES = new LinkedHashMap<>();

    static {
        PERCENTILES.put("p50", 50.0);
        PERCENTILES.put("p90", 90.0);
        PERCENTILES.put("p99", 99.0);
        PERCENTILES.put("p99_9", 99.9);
        PERCENTILES.put("p99_99", 99.99);
        PERCENTILES.put("max", 100.0);
    }

    private ProduceJson() {
    }

    /** One JSON object, ended by a line feed. */
    public static String of(ProduceReport report) {
        try {
            return MAPPER.writeValueAsString(tree(report)) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values was not written", e);
        }
    }

    /** The object itself; its {@code toString} is JSON in one line. */
    public static ObjectNode tree(ProduceReport report) {
        Measurement measurement = report.measurement();
        PhaseResult phase = measurement.phase();
        ObjectNode json = MAPPER.createObjectNode();
        json.put("client", report.spec().client().toString());
        json.put("num_records", phase.attempted());
        report.confirmation().confirmed()
                .ifPresentOrElse(count -> json.put("records_confirmed", count), () -> json.putNull("records_confirmed"));
        json.put("errors", phase.undelivered());
        put(json, "elapsed_s", measurement.elapsedSeconds(), 6);
        put(json, "records_per_s", measurement.recordsPerSecond(), 1);
        put(json, "mb_per_s", measurement.megabytesPerSecond(), 3);
        json.set("response_ms", percentiles(phase.response()));
        json.set("service_ms", percentiles(phase.service()));
        phase.transactions().ifPresent(transactions -> json.set("transactions", transactions(transactions)));
        put(json, "cpu_s_per_million", measurement.cpuSecondsPerMillion(), 4);
        put(json, "alloc_bytes_per_record", measurement.allocatedBytesPerRecord(), 1);
        json.put("gc_ms", phase.cost().gcMs());
        put(json, "records_per_request", measurement.recordsPerRequest(), 1);
        put(json, "records_per_batch", measurement.recordsPerBatch(), 1);
        put(json, "batch_bytes_avg", measurement.batchBytesAvg(), 1);
        json.set("targets", targets(report.targetResults()));
        json.set("config", config(report));
        json.putObject("environment")
                .put("jdk", report.environment().jdk())
                .put("cores", report.environment().cores())
                .put("os", report.environment().os());
        json.set("detail", detail(report));
        return json;
    }

    private static ObjectNode percentiles(Histogram histogram) {
        ObjectNode json = MAPPER.createObjectNode();
        PERCENTILES.forEach((name, percentile) -> put(json, name, histogram.getTotalCount() == 0
                ? Double.NaN : histogram.getValueAtPercentile(percentile) / 1e3, 3));
        return json;
    }

    private static ObjectNode transactions(TransactionsResult transactions) {
        ObjectNode json = MAPPER.createObjectNode();
        json.put("committed", transactions.committed());
        json.put("aborted", transactions.aborted());
        json.put("records_committed", transactions.committedRecords());
        json.set("commit_ms", percentiles(transactions.commitTime()));
        json.set("abort_reasons", MAPPER.valueToTree(transactions.abortReasons()));
        return json;
    }

    private static ArrayNode targets(List<TargetResult> results) {
        ArrayNode json = MAPPER.createArrayNode();
        for (TargetResult result : results) {
            ObjectNode target = json.addObject();
            target.put("expr", result.target().expression());
            put(target, "measured", result.measured(), 3);
            target.put("met", result.met());
        }
        return json;
    }

    private static ObjectNode config(ProduceReport report) {
        Load load = report.spec().load();
        ObjectNode json = MAPPER.createObjectNode();
        json.put("num_records", load.numRecords());
        json.put("warmup_records", load.warmupRecords());
        json.put("threads", load.threads());
        json.put("throughput", load.isPaced() ? load.throughput() : -1);
        json.put("loop", load.isPaced() ? "open" : "closed");
        load.payloadFile().ifPresentOrElse(
                file -> json.put("payload_file", file.toString()), () -> json.put("record_size", load.recordSize()));
        json.put("key_cardinality", load.keyCardinality());
        report.spec().transactional().ifPresent(transactional -> {
            json.put("transactional_id", transactional.id());
            json.put("transaction_duration_ms", transactional.duration().toMillis());
        });
        json.put("brokers", report.brokers());
        json.put("topic", report.topic().name());
        json.put("partitions", report.topic().partitions());
        json.put("replication_factor", report.topic().replicationFactor());
        report.spec().where().sinkDelay().ifPresent(delay -> put(json, "sink_delay_ms", delay.toNanos() / 1e6, 3));
        json.set("client", MAPPER.valueToTree(report.clientConfig()));
        return json;
    }

    private static ObjectNode detail(ProduceReport report) {
        Measurement measurement = report.measurement();
        PhaseResult phase = measurement.phase();
        ObjectNode json = MAPPER.createObjectNode();
        json.put("exit_code", report.exitCode());
        json.put("stopped", phase.stopped());
        json.set("error_messages", MAPPER.valueToTree(report.errors()));
        json.set("not_valid", MAPPER.valueToTree(report.notValid()));
        json.set("in_send_ms", percentiles(phase.inSend()));
        put(json, "in_send_total_s", phase.inSendNs() / 1e9, 3);
        put(json, "behind_schedule_ms", phase.behindNs() / 1e6, 3);
        put(json, "cpu_user_s_per_million", measurement.userSecondsPerMillion(), 4);
        put(json, "cpu_without_compiler_s_per_million", measurement.cpuWithoutCompilerSecondsPerMillion(), 4);
        put(json, "alloc_bytes_per_record_all_threads", measurement.allThreadsAllocatedBytesPerRecord(), 1);
        json.put("jit_ms", phase.cost().jitMs());
        return json;
    }

    private static void put(ObjectNode json, String key, double value, int digits) {
        if (Double.isFinite(value)) {
            double scale = Math.pow(10, digits);
            json.put(key, Math.round(value * scale) / scale);
        } else {
            json.putNull(key);
        }
    }
}
