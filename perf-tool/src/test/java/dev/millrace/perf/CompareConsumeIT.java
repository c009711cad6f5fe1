package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.testkit.LaunchedProgram;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The commands as a user runs them: consumers compared, and end to end. No test asks for a speed. */
class CompareConsumeIT extends BesideACluster {
    @Test
    void shouldHaveBothSidesReadTheSameTopic() throws Exception {
        Set<String> before = topics();
        LaunchedProgram run = runAtCluster("compare", "--mode", "consume", "--rounds", "1", "--num-records", "3000", "--warmup-records", "500",
                "--work-us", "10", "--a", "client=kafka,max.poll.records=50", "--b", "client=pool,concurrency=4", "--json", "r.json",
                "--target", "a.records_per_s>=1").expectExit(0);
        run.assertErr("filling a topic with 3,500 records", "round 1/1, A (client=kafka, max.poll.records=50): ",
                "round 1/1, B (client=pool, concurrency=4): ");
        run.assertOut("A          kafka: ", "B          pool: ", "10 us of work, 1 (A), 4 (B) at a time", "every record of every run "
                + "handled once", "ms in the handler, p50", "max.poll.records=50 (A), not set (B)", "met");
        assertFalse(run.err().contains("WARN"), run::err);
        JsonNode json = json("r.json");
        assertEquals(3_500, json.at("/a/records_confirmed").asLong(), json::toString);
        assertEquals(3_500, json.at("/b/records_confirmed").asLong(), json::toString);
        assertTrue(json.get("ratios").has("share") && json.at("/ratios/records_per_s/median").asDouble() > 0, json::toString);
        assertFalse(json.get("ratios").has("other_keys.records_per_s"), json::toString);
        assertEquals(before, topics(), "the topic of the comparison is deleted");
    }

    @Test
    void shouldFillATopicForEachSideThatWantsOtherRecords() throws Exception {
        Set<String> before = topics();
        LaunchedProgram run = runAtCluster("compare", "--mode=consume", "--rounds", "1", "--num-records", "2000", "--warmup-records", "100",
                "--work-us", "50", "--a", "hot-key-share=0.5", "--b", "hot-key-share=0", "--json", "-").expectExit(0);
        assertEquals(2, run.err().lines().filter(line -> line.startsWith("filling a topic")).count(), run::err);
        JsonNode json = json("out");
        assertTrue(json.at("/ratios").has("other_keys.first_80_percent_per_s"), json::toString);
        assertTrue(json.at("/a/other_keys/records").asLong() < json.at("/a/num_records").asLong(), json::toString);
        assertEquals(json.at("/b/other_keys/records").asLong(), json.at("/b/num_records").asLong(), json::toString);
        assertEquals(before, topics());
    }

    @Test
    void shouldMeasureFromDueToHandled() throws Exception {
        cluster.createTopic("both", 3, 1);
        // The second run finds the first one's records there, and must not count them.
        for (String producer : List.of("millrace", "kafka")) {
            // Each client on one of the sides.
            String consumer = producer.equals("kafka") ? "millrace" : "kafka";
            LaunchedProgram run = runAtCluster("e2e", "--client", consumer, "--producer", producer, "--throughput", "2000",
                    "--num-records", "1500", "--warmup-records", "300", "--work-us", "20", "--topic", "both", "--json", "e.json",
                    "--hlog", "e.hlog", "--target", "errors=0,p50<60s").expectExit(0);
            run.assertOut("producer   " + producer + ", 2,000 records/s by schedule", "consumer   " + consumer,
                    "handled    1,500, 0 errors",
                    "1,800 handled once at least, 0 missing, 0 handled again, all committed", "latency    p50", "met");
            JsonNode json = json("e.json");
            assertEquals(1_800, json.get("records_confirmed").asLong());
            assertTrue(json.at("/latency_ms/p50").asDouble() >= 0.02, json::toString);
            assertTrue(json.at("/latency_ms/max").asDouble() >= json.at("/until_handler_ms/max").asDouble(), json::toString);
            assertTrue(Files.readString(folder.resolve("e.hlog")).contains("Tag=until_handler"));
        }
    }

    @Test
    void shouldStopInTheMiddleOfAnEndToEndRun() throws Exception {
        Set<String> before = topics();
        LaunchedProgram run = runAtCluster("e2e", "--client", "kafka", "--num-records", "100000000", "--throughput", "1000", "--warmup-records",
                "10", "--reporting-interval", "100");
        run.awaitErr("handled   0%");
        run.interrupt();
        run.expectExit(130).assertOut("stopped", "not checked: the run was stopped");
        assertEquals(before, topics());
    }
}
