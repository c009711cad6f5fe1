package dev.millrace.perf.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.consume.PartitionResult;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.TargetResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** What the JSON of every command has in the same form; what is not known is null. */
final class JsonParts {
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

    private JsonParts() {
    }

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** Plain values, lists and maps as they are. */
    static JsonNode of(Object value) {
        return MAPPER.valueToTree(value);
    }

    /** Indented, ended by a line feed. */
    static String write(ObjectNode tree) {
        try {
            return MAPPER.writeValueAsString(tree) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values was not written", e);
        }
    }

    /** Of times in microseconds, in milliseconds. */
    static ObjectNode percentiles(Histogram histogram) {
        ObjectNode json = object();
        PERCENTILES.forEach((name, percentile) -> put(json, name, histogram.getTotalCount() == 0
                ? Double.NaN : histogram.getValueAtPercentile(percentile) / 1e3, 3));
        return json;
    }

    static ArrayNode targets(List<TargetResult> results) {
        ArrayNode json = MAPPER.createArrayNode();
        for (TargetResult result : results) {
            ObjectNode target = json.addObject();
            target.put("expr", result.target().expression());
            put(target, "measured", result.measured(), 3);
            target.put("met", result.met());
        }
        return json;
    }

    static ObjectNode environment(Environment environment) {
        return object().put("jdk", environment.jdk()).put("cores", environment.cores()).put("os", environment.os());
    }

    /** What became of each partition's records. */
    static ArrayNode partitions(List<PartitionResult> partitions) {
        ArrayNode json = MAPPER.createArrayNode();
        for (PartitionResult partition : partitions) {
            json.addObject()
                    .put("partition", partition.partition())
                    .put("from", partition.from())
                    .put("to", partition.to())
                    .put("records", partition.expected())
                    .put("handled", partition.handled())
                    .put("missing", partition.missing())
                    .put("duplicates", partition.duplicates())
                    .put("not_there", partition.notThere())
                    .put("committed", partition.committed() < 0 ? null : partition.committed());
        }
        return json;
    }

    /** What says how records are handled, and by how many at once. */
    static void handling(ObjectNode json, Handling handling, ConsumeClient client) {
        json.put("ordering", client == ConsumeClient.MILLRACE ? handling.ordering().toString() : null);
        json.put("concurrency", handling.concurrencyOf(client));
        json.put("virtual_threads", handling.virtualThreads());
        json.put("async", handling.async());
        json.put("work_us", handling.work().toNanos() / 1_000);
        json.put("deserializer", handling.form().toString());
    }

    /** The first keys of {@code detail}: what follows from the run. */
    static ObjectNode detail(RunReport report) {
        ObjectNode json = object();
        json.put("exit_code", report.exitCode());
        json.put("stopped", report.stopped());
        json.set("error_messages", of(report.errors()));
        json.set("not_valid", of(report.notValid()));
        return json;
    }

    static void put(ObjectNode json, String key, double value, int digits) {
        if (Double.isFinite(value)) {
            double scale = Math.pow(10, digits);
            json.put(key, Math.round(value * scale) / scale);
        } else {
            json.putNull(key);
        }
    }
}
