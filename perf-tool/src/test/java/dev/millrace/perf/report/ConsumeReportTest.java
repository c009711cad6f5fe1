package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.perf.spec.ConsumeClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Verdict, JSON and text of runs of {@code consume}. */
class ConsumeReportTest {
    private static JsonNode json(ConsumeReports report) throws JsonProcessingException {
        return new ObjectMapper().readTree(ConsumeJson.of(report.make()));
    }

    private static List<String> keys(JsonNode node) {
        List<String> keys = new ArrayList<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static void assertSays(ConsumeReports report, String... parts) {
        String text = ConsumeText.of(report.make());
        for (String part : parts) {
            assertTrue(text.contains(part), () -> "no '" + part + "' in:\n" + text);
        }
    }

    @Test
    void shouldBeAnErrorWhenARecordIsMissingOrWasHandledAgain() {
        assertEquals(0, ConsumeReports.clean().make().exitCode());
        ConsumeReport report = ConsumeReports.clean().missing(2).duplicates(5).make();
        assertEquals(List.of("partition 3: 2 of 1,500 records were never handled, the first at offset 77",
                "partition 3: 5 records were handled again that had been handled"), report.errors());
        assertEquals(1, report.exitCode());
        assertEquals(7, report.measurement().errors());
        assertEquals(0, ConsumeReports.clean().duplicates(5).targets("errors<=5").make().exitCode());
        assertEquals(3, ConsumeReports.clean().duplicates(5).targets("errors<=4").make().exitCode());
    }

    @Test
    void shouldBeAnErrorWhenNotAllIsCommitted() {
        ConsumeReport report = ConsumeReports.clean().committed(1_499).targets("errors=0").make();
        assertEquals(List.of("partition 3: after close() offset 1499 is committed, and the last record is at 1499, the end at "
                + "1500"), report.errors());
        assertTrue(ConsumeReports.clean().committed(-1).make().errors().get(0).contains("offset none is committed"));
        assertEquals(1, ConsumeReports.clean().committed(1_501).make().errors().size());
        assertEquals(List.of(), ConsumeReports.clean().client(ConsumeClient.POOL).committed(-1).make().errors());
    }

    @Test
    void shouldBeAnErrorWhenItWasGivenUp() {
        ConsumeReport report = ConsumeReports.clean().stalled("nothing was handled for 30 s").missing(1).targets("errors<=1").make();
        assertEquals(2, report.errors().size(), report.errors()::toString);
        assertEquals(130, ConsumeReports.clean().stopped().make().exitCode());
    }

    @Test
    void shouldBeNotValidWhenMostWasHandledBeforeTheMeasurementBegan() {
        assertEquals(0, ConsumeReports.clean().planned(2_000).make().exitCode());
        ConsumeReport report = ConsumeReports.clean().planned(2_001).make();
        assertEquals(4, report.exitCode());
        assertTrue(report.notValid().get(0).contains("1,001 of 2,001 were handled while the end of the warm-up was noticed"),
                report.notValid()::toString);
        assertEquals(130, ConsumeReports.clean().planned(2_001).stopped().make().exitCode());
    }

    @Test
    void shouldJudgeTargets() {
        assertEquals(0, ConsumeReports.clean().targets("rate>=2000,share>=0.5,p99<2ms,errors=0").make().exitCode());
        assertEquals(3, ConsumeReports.clean().targets("share>=0.6").make().exitCode());
        ConsumeReport few = ConsumeReports.clean().targets("p99.9<2ms").make();
        assertEquals(4, few.exitCode());
        assertEquals(List.of("p99.9<2ms needs at least 10,000 timed records to mean something; there were 1,000"), few.notValid());
        assertEquals(3, ConsumeReports.clean().workUs(0).targets("share>=0.1").make().exitCode(), "not known without work");
    }

    /** Scripts read these: a change here breaks them, and belongs into docs/perf-tool.md. */
    @Test
    void shouldHaveTheDocumentedKeys() throws JsonProcessingException {
        JsonNode json = json(ConsumeReports.clean().targets("rate>=1"));
        assertEquals(List.of("client", "num_records", "records_confirmed", "errors", "elapsed_s", "records_per_s", "share",
                "handler_ms", "other_keys", "cpu_s_per_million", "alloc_bytes_per_record", "gc_ms", "lag", "targets", "config",
                "environment", "partitions", "detail"), keys(json));
        assertEquals(List.of("p50", "p90", "p99", "p99_9", "p99_99", "max"), keys(json.get("handler_ms")));
        assertEquals(List.of("records", "records_per_s", "first_80_percent_per_s"), keys(json.get("other_keys")));
        assertEquals(List.of("num_records", "warmup_records", "ordering", "concurrency", "virtual_threads", "async", "work_us",
                "deserializer", "record_size", "key_cardinality", "hot_key_share", "brokers", "topic", "partitions",
                "replication_factor", "group", "client"), keys(json.get("config")));
        assertEquals(List.of("partition", "from", "to", "records", "handled", "missing", "duplicates", "not_there", "committed"),
                keys(json.get("partitions").get(0)));
        assertEquals(List.of("exit_code", "stopped", "error_messages", "not_valid", "missing", "duplicates", "timed_records",
                "not_handled", "close_ms", "cpu_user_s_per_million", "cpu_without_compiler_s_per_million", "jit_ms"),
                keys(json.get("detail")));
    }

    @Test
    void shouldHaveTheFiguresInTheirUnits() throws JsonProcessingException {
        JsonNode json = json(ConsumeReports.clean());
        assertEquals(1_000, json.get("num_records").asLong());
        assertEquals(1_500, json.get("records_confirmed").asLong());
        assertEquals(0.5, json.get("elapsed_s").asDouble());
        assertEquals(2_000, json.get("records_per_s").asDouble());
        assertEquals(0.5, json.get("share").asDouble());
        assertEquals(1.5, json.at("/handler_ms/p50").asDouble(), 0.01);
        assertEquals(800, json.at("/other_keys/records_per_s").asDouble());
        assertEquals(3, json.get("cpu_s_per_million").asDouble());
        assertEquals(120, json.get("alloc_bytes_per_record").asDouble());
        assertEquals("[[0.0,1500]]", json.get("lag").toString());
        assertEquals("[[0.25,500],[0.5,0]]", json.at("/detail/not_handled").toString());
        assertEquals("700", json.at("/config/client").get("max.poll.records").asText());
        assertEquals(1_500, json.at("/partitions/0/committed").asLong());
    }

    @Test
    void shouldSayNullForWhatIsNotKnown() throws JsonProcessingException {
        JsonNode json = json(ConsumeReports.clean().client(ConsumeClient.POOL).workUs(0));
        assertTrue(json.get("lag").isNull() && json.get("share").isNull() && json.at("/config/ordering").isNull(), json::toString);
        assertTrue(json(ConsumeReports.clean().stopped()).get("records_confirmed").isNull());
        assertTrue(json(ConsumeReports.clean().committed(-1)).at("/partitions/0/committed").isNull());
    }

    @Test
    void shouldSayWhatWasMeasured() {
        assertSays(ConsumeReports.clean(), "millrace, ordering key, concurrency 4, platform threads, 1,000 us of work for each",
                "100-byte values, 10,000 keys, as byte-array", "max.poll.records=700; defaults", "t, 6 partitions",
                "handled    1,000 after the warm-up", "1,500 handled once at least, 0 missing, 0 handled again, all committed",
                "2,000 records/s, in 0.50 s", "50.0 % of the 4,000 records/s that 4 at a time", "committed behind the end: 1,500",
                "allocated by all threads");
        assertSays(ConsumeReports.clean().hotKeyShare(0.5), "one key with 50 % of the records",
                "400 records without the hot key: 1,600 a second up to 80 % of them, 800 up to the last");
        assertSays(ConsumeReports.clean().committed(3), "NOT all committed");
        assertSays(ConsumeReports.clean().client(ConsumeClient.KAFKA).workUs(0), "one thread that polls and handles, no work",
                "one record in 64");
        assertSays(ConsumeReports.clean().stopped(), "stopped    1,000 handled, not checked");
        String pool = ConsumeText.of(ConsumeReports.clean().client(ConsumeClient.POOL).make());
        assertTrue(pool.contains("4 threads and no consumer") && pool.contains("1,000 after 500 of warm-up"), pool);
        assertFalse(pool.contains("topic") || pool.contains("lag") || pool.contains("committed"), pool);
    }
}
