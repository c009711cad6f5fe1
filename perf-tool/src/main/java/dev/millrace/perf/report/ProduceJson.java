package dev.millrace.perf.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.load.TransactionsResult;
import dev.millrace.perf.spec.Load;

/** A report as programs read it. The keys are stable and documented in docs/perf-tool.md; what is not known is null. */
public final class ProduceJson {
    private ProduceJson() {
    }

    /** One JSON object, ended by a line feed. */
    public static String of(ProduceReport report) {
        return JsonParts.write(tree(report));
    }

    /** The object itself; its {@code toString} is JSON in one line. */
    public static ObjectNode tree(ProduceReport report) {
        Measurement measurement = report.measurement();
        PhaseResult phase = measurement.phase();
        ObjectNode json = JsonParts.object();
        json.put("client", report.spec().client().toString());
        json.put("num_records", phase.attempted());
        report.confirmation().confirmed()
                .ifPresentOrElse(count -> json.put("records_confirmed", count), () -> json.putNull("records_confirmed"));
        json.put("errors", phase.undelivered());
        JsonParts.put(json, "elapsed_s", measurement.elapsedSeconds(), 6);
        JsonParts.put(json, "records_per_s", measurement.recordsPerSecond(), 1);
        JsonParts.put(json, "mb_per_s", measurement.megabytesPerSecond(), 3);
        json.set("response_ms", JsonParts.percentiles(phase.response()));
        json.set("service_ms", JsonParts.percentiles(phase.service()));
        phase.transactions().ifPresent(transactions -> json.set("transactions", transactions(transactions)));
        JsonParts.put(json, "cpu_s_per_million", measurement.cpuSecondsPerMillion(), 4);
        JsonParts.put(json, "alloc_bytes_per_record", measurement.allocatedBytesPerRecord(), 1);
        json.put("gc_ms", phase.cost().gcMs());
        JsonParts.put(json, "records_per_request", measurement.recordsPerRequest(), 1);
        JsonParts.put(json, "records_per_batch", measurement.recordsPerBatch(), 1);
        JsonParts.put(json, "batch_bytes_avg", measurement.batchBytesAvg(), 1);
        json.set("targets", JsonParts.targets(report.targetResults()));
        json.set("config", config(report));
        json.set("environment", JsonParts.environment(report.environment()));
        json.set("detail", detail(report));
        return json;
    }

    private static ObjectNode transactions(TransactionsResult transactions) {
        ObjectNode json = JsonParts.object();
        json.put("committed", transactions.committed());
        json.put("aborted", transactions.aborted());
        json.put("records_committed", transactions.committedRecords());
        json.set("commit_ms", JsonParts.percentiles(transactions.commitTime()));
        json.set("abort_reasons", JsonParts.of(transactions.abortReasons()));
        return json;
    }

    private static ObjectNode config(ProduceReport report) {
        Load load = report.spec().load();
        ObjectNode json = JsonParts.object();
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
        report.spec().where().sinkDelay().ifPresent(delay -> JsonParts.put(json, "sink_delay_ms", delay.toNanos() / 1e6, 3));
        json.set("client", JsonParts.of(report.clientConfig()));
        return json;
    }

    private static ObjectNode detail(ProduceReport report) {
        Measurement measurement = report.measurement();
        PhaseResult phase = measurement.phase();
        ObjectNode json = JsonParts.detail(report);
        json.set("in_send_ms", JsonParts.percentiles(phase.inSend()));
        JsonParts.put(json, "in_send_total_s", phase.inSendNs() / 1e9, 3);
        JsonParts.put(json, "behind_schedule_ms", phase.behindNs() / 1e6, 3);
        JsonParts.put(json, "cpu_user_s_per_million", measurement.userSecondsPerMillion(), 4);
        JsonParts.put(json, "cpu_without_compiler_s_per_million", measurement.cpuWithoutCompilerSecondsPerMillion(), 4);
        JsonParts.put(json, "alloc_bytes_per_record_all_threads", measurement.allThreadsAllocatedBytesPerRecord(), 1);
        json.put("jit_ms", phase.cost().jitMs());
        return json;
    }
}
