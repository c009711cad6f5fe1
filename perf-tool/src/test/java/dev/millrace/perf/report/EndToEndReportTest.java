package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.perf.broker.Confirmation;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.consume.EndToEndMeasurement;
import dev.millrace.perf.consume.PartitionResult;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.EndToEndSpec;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.Ordering;
import dev.millrace.perf.spec.RecordForm;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** Verdict, JSON and text of runs of {@code e2e}: 1,000 records in 2 s behind 10 of warm-up, latencies from 1 to 1,000 ms. */
class EndToEndReportTest {
    private long behindMs;
    private long failed;
    private long stored = 1_000;
    private long missing;
    private long committed = 1_010;
    private boolean stopped;
    private List<String> targets = List.of();

    private EndToEndReport report() {
        Histogram times = new Histogram(1, 3_600_000_000L, 3);
        for (int i = 1; i <= 1_000; i++) {
            times.recordValue(i * 1_000L);
        }
        ConsumerSettings settings = ConsumerSettings.of(Optional.empty(), List.of("fetch.max.wait.ms=7"), "--command-property");
        Load load = new Load(1_000, 10, 100, Optional.empty(), "\n", 500, 1, 0, 1);
        Where where = new Where(Optional.empty(), Optional.empty(), 1, Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
        EndToEndSpec spec = new EndToEndSpec(Client.KAFKA, settings.producer(List.of("linger.ms=3")), load, ConsumeClient.MILLRACE,
                settings, new Handling(Ordering.KEY, 4, false, false, Duration.ZERO, RecordForm.BYTE_ARRAY), where,
                Targets.ofEndToEnd(targets));
        PhaseResult.Cost cost = new PhaseResult.Cost(3_000_000, 1_000_000, 7, 9, 1_000_000, 120_000);
        PhaseResult sent = new PhaseResult(2_000_000_000L, 1_000 + failed, 1_000, failed, Map.of("TimeoutException", "1 x late"),
                100_000, times, times, times, 5, 7, behindMs * 1_000_000, stopped, Optional.empty(), cost);
        List<PartitionResult> partitions = stopped ? List.of() : List.of(new PartitionResult(2, 0, 1_010, 1_010, 1_010 - missing,
                missing, missing == 0 ? -1 : 5, 0, 0, 1_009, committed));
        EndToEndMeasurement measurement = new EndToEndMeasurement(spec, new Measurement(load, sent, 1, 2, 3), 2_000_000_000L, 1_000,
                times, times, Confirmation.counted(stored, 1_000), partitions, stopped, Optional.empty(), cost);
        return new EndToEndReport(spec, spec.producerSettings().effective(Client.KAFKA, "b:1"),
                settings.effective(ConsumeClient.MILLRACE, "b:1"), "1 embedded broker", new Topic("t", 6, 1, true), "g", measurement,
                new Environment("17", 2, "Linux"));
    }

    private JsonNode json() throws JsonProcessingException {
        return new ObjectMapper().readTree(EndToEndJson.of(report()));
    }

    private static List<String> keys(JsonNode node) {
        List<String> keys = new ArrayList<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @Test
    void shouldEndWellOrMissATarget() {
        targets = List.of("p50<501ms,rate>=500,errors=0");
        assertEquals(0, report().exitCode());
        targets = List.of("p50<500ms");
        assertEquals(3, report().exitCode());
        targets = List.of("p99.9<10s");
        assertEquals(4, report().exitCode());
        assertEquals(List.of("p99.9<10s needs at least 10,000 handled records to mean something; there were 1,000"),
                report().notValid());
    }

    @Test
    void shouldBeNotValidWhenTheScheduleWasNotKept() {
        behindMs = 500;
        assertEquals(4, report().exitCode());
        stopped = true;
        assertEquals(130, report().exitCode());
    }

    @Test
    void shouldBeAnErrorWhenRecordsAreLostOnEitherSide() {
        failed = 1;
        assertEquals(List.of("1 records failed: {TimeoutException=1 x late}"), report().errors());
        missing = 2;
        assertEquals(3, report().measurement().errors());
        assertEquals(2, report().errors().size());
        targets = List.of("errors<=3");
        assertEquals(0, report().exitCode());
        committed = 1_009;
        assertEquals(1, report().exitCode());
        committed = 1_010;
        stored = 999;
        assertTrue(report().errors().get(0).contains("1 acknowledged records are missing"), report().errors()::toString);
    }

    /** Scripts read these: a change here breaks them, and belongs into docs/perf-tool.md. */
    @Test
    void shouldHaveTheDocumentedKeys() throws JsonProcessingException {
        assertEquals(List.of("producer", "client", "num_records", "records_confirmed", "errors", "elapsed_s", "records_per_s",
                "latency_ms", "until_handler_ms", "response_ms", "cpu_s_per_million", "alloc_bytes_per_record", "gc_ms", "targets",
                "config", "environment", "partitions", "detail"), keys(json()));
        assertEquals(List.of("num_records", "warmup_records", "throughput", "ordering", "concurrency", "virtual_threads", "async",
                "work_us", "deserializer", "record_size", "key_cardinality", "brokers", "topic", "partitions",
                "replication_factor", "group", "producer", "client"), keys(json().get("config")));
        assertEquals(List.of("exit_code", "stopped", "error_messages", "not_valid", "missing", "duplicates", "failed",
                "behind_schedule_ms", "cpu_user_s_per_million", "jit_ms"), keys(json().get("detail")));
        assertEquals(500, json().at("/latency_ms/p50").asDouble(), 1);
        assertEquals(500, json().get("records_per_s").asDouble());
        assertEquals(3, json().get("cpu_s_per_million").asDouble());
        assertEquals(120, json().get("alloc_bytes_per_record").asDouble());
        assertEquals("3", json().at("/config/producer").get("linger.ms").asText());
        assertEquals("7", json().at("/config/client").get("fetch.max.wait.ms").asText());
        assertEquals(1_010, json().get("records_confirmed").asLong());
        stopped = true;
        assertTrue(json().get("records_confirmed").isNull());
    }

    @Test
    void shouldSayWhatWasMeasured() {
        String text = EndToEndText.of(report());
        for (String part : List.of("producer   kafka, 500 records/s by schedule (open loop), 100-byte values, no keys",
                "linger.ms=3; defaults", "consumer   millrace, ordering key, concurrency 4, platform threads, no work",
                "fetch.max.wait.ms=7; defaults", "handled    1,000, 0 errors; of all, warm-up included, 1,010 handled once at least, "
                + "0 missing, 0 handled again, all committed", "due time until handled", "due time to acknowledgement")) {
            assertTrue(text.contains(part), () -> "no '" + part + "' in:\n" + text);
        }
    }
}
