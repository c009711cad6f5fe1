package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProduceJsonTest {
    private static JsonNode json(Reports report) throws JsonProcessingException {
        return new ObjectMapper().readTree(ProduceJson.of(report.make()));
    }

    private static List<String> keys(JsonNode node) {
        List<String> keys = new ArrayList<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** Scripts read these: a change here breaks them, and belongs into docs/perf-tool.md. */
    @Test
    void shouldHaveTheDocumentedKeys() throws JsonProcessingException {
        JsonNode json = json(Reports.clean().targets("p50<1s"));
        assertEquals(List.of("client", "num_records", "records_confirmed", "errors", "elapsed_s", "records_per_s", "mb_per_s",
                "response_ms", "service_ms", "cpu_s_per_million", "alloc_bytes_per_record", "gc_ms", "records_per_request",
                "records_per_batch", "batch_bytes_avg", "targets", "config", "environment", "detail"), keys(json));
        List<String> percentiles = List.of("p50", "p90", "p99", "p99_9", "p99_99", "max");
        assertEquals(percentiles, keys(json.get("response_ms")));
        assertEquals(percentiles, keys(json.get("service_ms")));
        assertEquals(List.of("expr", "measured", "met"), keys(json.get("targets").get(0)));
        assertEquals(List.of("jdk", "cores", "os"), keys(json.get("environment")));
        assertEquals(List.of("exit_code", "stopped", "error_messages", "not_valid", "in_send_ms", "in_send_total_s",
                "behind_schedule_ms", "cpu_user_s_per_million", "cpu_without_compiler_s_per_million",
                        "alloc_bytes_per_record_all_threads", "jit_ms"),
                keys(json.get("detail")));
        assertEquals(List.of("num_records", "warmup_records", "threads", "throughput", "loop", "record_size",
                "key_cardinality", "brokers", "topic", "partitions", "replication_factor", "client"),
                keys(json.get("config")));
    }

    @Test
    void shouldHaveTheFiguresInTheirUnits() throws JsonProcessingException {
        JsonNode json = json(Reports.clean().targets("p50<1s", "rate>=1000"));
        assertEquals("kafka", json.get("client").asText());
        assertEquals(1_000, json.get("num_records").asLong());
        assertEquals(1_000, json.get("records_confirmed").asLong());
        assertEquals(2.0, json.get("elapsed_s").asDouble());
        assertEquals(500.0, json.get("records_per_s").asDouble());
        assertEquals(500, json.get("response_ms").get("p50").asDouble(), 1);
        assertEquals(1_000, json.get("response_ms").get("max").asDouble(), 1);
        assertEquals(3.0, json.get("cpu_s_per_million").asDouble());
        assertEquals(100.0, json.get("alloc_bytes_per_record").asDouble());
        assertTrue(json.get("targets").get(0).get("met").asBoolean());
        assertEquals(500.0, json.get("targets").get(1).get("measured").asDouble());
        assertEquals("7", json.get("config").get("client").get("linger.ms").asText());
        assertEquals("all", json.get("config").get("client").get("acks").asText());
    }

    @Test
    void shouldTellOfTransactions() throws JsonProcessingException {
        JsonNode json = json(Reports.clean().transactions(1).confirmed(750));
        JsonNode transactions = json.get("transactions");
        assertEquals(List.of("committed", "aborted", "records_committed", "commit_ms", "abort_reasons"), keys(transactions));
        assertEquals(3, transactions.get("committed").asLong());
        assertEquals(1, transactions.get("aborted").asLong());
        assertEquals(750, transactions.get("records_committed").asLong());
        assertEquals(40, transactions.get("commit_ms").get("max").asDouble(), 0.1);
        assertEquals("1 x too late", transactions.get("abort_reasons").get("KafkaException").asText());
        assertEquals(250, json.get("errors").asLong());
        assertEquals(750, json.get("records_confirmed").asLong());
        assertEquals("tx-1", json.get("config").get("transactional_id").asText());
        assertEquals(500, json.get("config").get("transaction_duration_ms").asLong());
    }

    @Test
    void shouldSayNullForWhatIsNotKnown() throws JsonProcessingException {
        JsonNode json = json(Reports.clean().unconfirmed());
        assertTrue(json.get("records_confirmed").isNull());
        assertTrue(json.get("batch_bytes_avg").isNull());
        assertEquals(0, json.get("targets").size());
    }

    @Test
    void shouldSayWhyARunIsNotValid() throws JsonProcessingException {
        JsonNode detail = json(Reports.clean().targets("p99.9<10s")).get("detail");
        assertEquals(4, detail.get("exit_code").asInt());
        assertEquals(1, detail.get("not_valid").size());
    }
}
