package dev.millrace.perf.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.consume.EndToEndMeasurement;
import dev.millrace.perf.consume.Partitions;
import dev.millrace.perf.spec.Load;

/**
 * A report of {@code e2e} as programs read it. The keys are stable and documented in docs/perf-tool.md; what is not known is
 * null.
 */
public final class EndToEndJson {
    private EndToEndJson() {
    }

    /** One JSON object, ended by a line feed. */
    public static String of(EndToEndReport report) {
        EndToEndMeasurement measurement = report.measurement();
        ObjectNode json = JsonParts.object();
        json.put("producer", report.spec().producer().toString());
        json.put("client", report.spec().client().toString());
        json.put("num_records", measurement.sent().phase().attempted());
        if (measurement.partitions().isEmpty()) {
            json.putNull("records_confirmed");
        } else {
            json.put("records_confirmed", Partitions.confirmed(measurement.partitions()));
        }
        json.put("errors", measurement.errors());
        JsonParts.put(json, "elapsed_s", measurement.elapsedSeconds(), 6);
        JsonParts.put(json, "records_per_s", measurement.recordsPerSecond(), 1);
        json.set("latency_ms", JsonParts.percentiles(measurement.untilHandled()));
        json.set("until_handler_ms", JsonParts.percentiles(measurement.untilHandler()));
        json.set("response_ms", JsonParts.percentiles(measurement.sent().phase().response()));
        JsonParts.put(json, "cpu_s_per_million", measurement.cpuSecondsPerMillion(), 4);
        JsonParts.put(json, "alloc_bytes_per_record", measurement.allocatedBytesPerRecord(), 1);
        json.put("gc_ms", measurement.cost().gcMs());
        json.set("targets", JsonParts.targets(report.targetResults()));
        json.set("config", config(report));
        json.set("environment", JsonParts.environment(report.environment()));
        json.set("partitions", JsonParts.partitions(measurement.partitions()));
        json.set("detail", detail(report));
        return JsonParts.write(json);
    }

    private static ObjectNode config(EndToEndReport report) {
        Load load = report.spec().load();
        ObjectNode json = JsonParts.object();
        json.put("num_records", load.numRecords());
        json.put("warmup_records", load.warmupRecords());
        json.put("throughput", load.throughput());
        JsonParts.handling(json, report.spec().handling(), report.spec().client());
        json.put("record_size", load.recordSize());
        json.put("key_cardinality", load.keyCardinality());
        json.put("brokers", report.brokers());
        json.put("topic", report.topic().name());
        json.put("partitions", report.topic().partitions());
        json.put("replication_factor", report.topic().replicationFactor());
        json.put("group", report.group());
        json.set("producer", JsonParts.of(report.producerConfig()));
        json.set("client", JsonParts.of(report.consumerConfig()));
        return json;
    }

    private static ObjectNode detail(EndToEndReport report) {
        EndToEndMeasurement measurement = report.measurement();
        ObjectNode json = JsonParts.detail(report);
        json.put("missing", Partitions.missing(measurement.partitions()));
        json.put("duplicates", Partitions.duplicates(measurement.partitions()));
        json.put("failed", measurement.sent().errors());
        JsonParts.put(json, "behind_schedule_ms", measurement.sent().phase().behindNs() / 1e6, 3);
        JsonParts.put(json, "cpu_user_s_per_million", measurement.userSecondsPerMillion(), 4);
        json.put("jit_ms", measurement.cost().jitMs());
        return json;
    }
}
