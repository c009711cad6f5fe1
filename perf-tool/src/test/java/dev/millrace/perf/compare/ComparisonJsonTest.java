package dev.millrace.perf.compare;

import static dev.millrace.perf.compare.Comparisons.pair;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonJsonTest {
    private static JsonNode json(Comparisons comparison) throws JsonProcessingException {
        return new ObjectMapper().readTree(ComparisonJson.of(comparison.make()));
    }

    private static List<String> keys(JsonNode node) {
        List<String> keys = new ArrayList<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** Scripts read these: a change here breaks them, and belongs into docs/perf-tool.md. */
    @Test
    void shouldHaveTheDocumentedKeys() throws JsonProcessingException {
        JsonNode json = json(Comparisons.ofCpu(pair(1, 2)).targets("cpu_s_per_million<1"));
        assertEquals(List.of("rounds", "sides", "a", "b", "ratios", "verdict", "verdicts", "targets", "exit_code", "stopped", "not_valid",
                "runs"), keys(json));
        List<String> metrics = List.of("records_per_s", "cpu_s_per_million", "detail.cpu_user_s_per_million",
                "detail.cpu_without_compiler_s_per_million", "alloc_bytes_per_record", "detail.alloc_bytes_per_record_all_threads", "records_per_request",
                "records_per_batch", "batch_bytes_avg");
        assertEquals(metrics, keys(json.get("ratios")));
        assertEquals(List.of("median", "min", "max"), keys(json.get("ratios").get("records_per_s")));
        assertTrue(json.get("verdict").isTextual());
        assertEquals(metrics, keys(json.get("verdicts")));
        assertEquals(List.of("expr", "measured", "met", "inconclusive"), keys(json.get("targets").get(0)));
        assertEquals(List.of("round", "side", "result"), keys(json.get("runs").get(0)));
    }

    @Test
    void shouldCompareResponseTimesInAnOpenLoopOnlyAndWithEnoughSamples() throws JsonProcessingException {
        assertTrue(keys(json(Comparisons.ofCpu(pair(1, 2)).throughput(100)).get("ratios")).containsAll(List.of("response_ms.p50",
                "response_ms.p90", "response_ms.p99", "response_ms.p99_9")));
        assertFalse(keys(json(Comparisons.ofCpu(pair(1, 2)).throughput(100).records(9_999)).get("ratios"))
                .contains("response_ms.p99_9"));
    }

    @Test
    void shouldHaveMediansOfTheSidesAndRatiosOfThePairs() throws JsonProcessingException {
        JsonNode json = json(Comparisons.ofCpu(pair(1, 2), pair(3, 4), pair(2, 8)).targets("cpu_s_per_million<=0.5"));
        assertEquals(3, json.get("rounds").asInt());
        assertEquals("millrace", json.get("a").get("client").asText());
        assertEquals(2, json.get("a").get("cpu_s_per_million").asDouble());
        assertEquals(4, json.get("b").get("cpu_s_per_million").asDouble());
        assertEquals(2, json.get("b").get("detail").get("cpu_user_s_per_million").asDouble());
        JsonNode ratio = json.get("ratios").get("cpu_s_per_million");
        assertEquals(0.5, ratio.get("median").asDouble());
        assertEquals(0.25, ratio.get("min").asDouble());
        assertEquals(0.75, ratio.get("max").asDouble());
        assertTrue(json.get("targets").get(0).get("met").asBoolean());
        assertEquals(0, json.get("exit_code").asInt());
    }

    @Test
    void shouldSayWhichSideIsBetter() throws JsonProcessingException {
        JsonNode comparison = json(Comparisons.ofCpu(pair(1, 2), pair(3, 4)));
        JsonNode verdicts = comparison.get("verdicts");
        assertEquals("a", verdicts.get("cpu_s_per_million").asText());
        assertEquals("a", verdicts.get("records_per_s").asText());
        assertEquals("inconclusive", verdicts.get("records_per_request").asText());
        assertTrue(verdicts.get("records_per_batch").isNull());
        assertEquals("A (client=millrace) is better in records_per_s, cpu_s_per_million, detail.cpu_user_s_per_million, "
                + "detail.cpu_without_compiler_s_per_million, alloc_bytes_per_record, detail.alloc_bytes_per_record_all_threads; inconclusive: records_per_request, "
                + "batch_bytes_avg", comparison.get("verdict").asText());
        JsonNode other = json(Comparisons.ofCpu(pair(2, 1), pair(4, 3))).get("verdicts");
        assertEquals("b", other.get("cpu_s_per_million").asText());
        assertEquals("b", other.get("records_per_s").asText());
        JsonNode neither = json(Comparisons.ofCpu(pair(2, 1), pair(3, 4))).get("verdicts");
        assertEquals("inconclusive", neither.get("cpu_s_per_million").asText());
    }

    @Test
    void shouldListTheRunsInTheirOrder() throws JsonProcessingException {
        JsonNode runs = json(Comparisons.ofCpu(pair(1, 2), pair(3, 4))).get("runs");
        List<String> order = new ArrayList<>();
        runs.forEach(run -> order.add(run.get("round").asInt() + run.get("side").asText()
                + run.at("/result/cpu_s_per_million")));
        assertEquals(List.of("1a1.0", "1b2.0", "2b4.0", "2a3.0"), order);
    }

    @Test
    void shouldSayWhyItIsNotValidOrStopped() throws JsonProcessingException {
        JsonNode json = json(Comparisons.ofCpu(pair(1, 2)).notValid("too slow"));
        assertEquals("round 1, A: too slow", json.get("not_valid").get(0).asText());
        assertEquals(4, json.get("exit_code").asInt());
        json = json(Comparisons.ofCpu(pair(1, 2)).targets("records_per_batch>=1"));
        assertEquals("records_per_batch>=1: records_per_batch is not known of every run", json.get("not_valid").get(0).asText());
        assertTrue(json.get("targets").get(0).get("measured").isNull());
        assertEquals(130, json(Comparisons.ofCpu(pair(1, 2)).stopped()).get("exit_code").asInt());
    }
}
