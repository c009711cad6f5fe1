package dev.millrace.perf.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.consume.ConsumeMeasurement;
import dev.millrace.perf.consume.ConsumePhase;
import dev.millrace.perf.consume.LagSample;
import dev.millrace.perf.consume.Partitions;
import dev.millrace.perf.spec.Fill;
import java.util.List;

/**
 * A report of {@code consume} as programs read it. The keys are stable and documented in docs/perf-tool.md; what is not known
 * is null.
 */
public final class ConsumeJson {
    private ConsumeJson() {
    }

    /** One JSON object, ended by a line feed. */
    public static String of(ConsumeReport report) {
        return JsonParts.write(tree(report));
    }

    /** The object itself; its {@code toString} is JSON in one line. */
    public static ObjectNode tree(ConsumeReport report) {
        ConsumeMeasurement measurement = report.measurement();
        ConsumePhase phase = measurement.phase();
        ObjectNode json = JsonParts.object();
        json.put("client", report.spec().client().toString());
        json.put("num_records", phase.handled());
        if (measurement.partitions().isEmpty()) {
            json.putNull("records_confirmed");
        } else {
            json.put("records_confirmed", Partitions.confirmed(measurement.partitions()));
        }
        json.put("errors", measurement.errors());
        JsonParts.put(json, "elapsed_s", measurement.elapsedSeconds(), 6);
        JsonParts.put(json, "records_per_s", measurement.recordsPerSecond(), 1);
        JsonParts.put(json, "share", measurement.share(), 4);
        json.set("handler_ms", JsonParts.percentiles(phase.times()));
        ObjectNode others = json.putObject("other_keys");
        others.put("records", phase.others().records());
        JsonParts.put(others, "records_per_s", phase.others().perSecond(), 1);
        JsonParts.put(others, "first_80_percent_per_s", phase.others().firstPerSecond(), 1);
        JsonParts.put(json, "cpu_s_per_million", measurement.cpuSecondsPerMillion(), 4);
        JsonParts.put(json, "alloc_bytes_per_record", measurement.allocatedBytesPerRecord(), 1);
        json.put("gc_ms", phase.cost().gcMs());
        if (measurement.commits()) {
            json.set("lag", samples(phase.lag()));
        } else {
            json.putNull("lag");
        }
        json.set("targets", JsonParts.targets(report.targetResults()));
        json.set("config", config(report));
        json.set("environment", JsonParts.environment(report.environment()));
        json.set("partitions", JsonParts.partitions(measurement.partitions()));
        json.set("detail", detail(report));
        return json;
    }

    private static ArrayNode samples(List<LagSample> samples) {
        ArrayNode json = JsonParts.object().putArray("samples");
        samples.forEach(sample -> json.addArray().add(Math.round(sample.seconds() * 1e3) / 1e3).add(sample.records()));
        return json;
    }

    private static ObjectNode config(ConsumeReport report) {
        Fill fill = report.spec().fill();
        ObjectNode json = JsonParts.object();
        json.put("num_records", fill.numRecords());
        json.put("warmup_records", fill.warmupRecords());
        JsonParts.handling(json, report.spec().handling(), report.spec().client());
        json.put("record_size", fill.recordSize());
        json.put("key_cardinality", fill.keyCardinality());
        json.put("hot_key_share", fill.hotKeyShare());
        json.put("brokers", report.brokers());
        json.put("topic", report.topic().map(topic -> topic.name()).orElse(null));
        json.put("partitions", report.topic().map(topic -> topic.partitions()).orElse(null));
        json.put("replication_factor", report.topic().map(topic -> topic.replicationFactor()).orElse(null));
        json.put("group", report.group().orElse(null));
        json.set("client", JsonParts.of(report.clientConfig()));
        return json;
    }

    private static ObjectNode detail(ConsumeReport report) {
        ConsumeMeasurement measurement = report.measurement();
        ConsumePhase phase = measurement.phase();
        ObjectNode json = JsonParts.detail(report);
        json.put("missing", Partitions.missing(measurement.partitions()));
        json.put("duplicates", Partitions.duplicates(measurement.partitions()));
        json.put("timed_records", measurement.samples());
        json.set("not_handled", samples(phase.notHandled()));
        json.put("close_ms", measurement.closeMs());
        JsonParts.put(json, "cpu_user_s_per_million", measurement.userSecondsPerMillion(), 4);
        JsonParts.put(json, "cpu_without_compiler_s_per_million", measurement.cpuWithoutCompilerSecondsPerMillion(), 4);
        json.put("jit_ms", phase.cost().jitMs());
        return json;
    }
}
