package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** The command as a user runs it. No test asks for a speed, nor for which side is better. */
class CompareIT extends BesideACluster {
    private LaunchedProgram compare(String... args) throws IOException {
        List<String> all = new ArrayList<>(List.of("--warmup-records", "500"));
        all.addAll(List.of(args));
        if (!all.contains("--num-records")) {
            all.addAll(List.of("--num-records", "3000"));
        }
        return run("compare", all.toArray(String[]::new));
    }

    @Test
    void shouldCompareTheTwoClientsOnABrokerOfItsOwn() throws IOException, InterruptedException {
        LaunchedProgram run = compare("--rounds", "2", "--json", "r.json", "--target",
                "a.records_per_s>=1,b.cpu_s_per_million<=1_000_000")
                .expectExit(0);
        run.assertErr("starting 1 embedded broker", "round 1/2, A (client=millrace): ", "round 1/2, B (client=kafka): ",
                "round 2/2, B (client=kafka): ", "round 2/2, A (client=millrace): ");
        run.assertOut("A          millrace: ", "B          kafka: ", "6 partitions, on 1 embedded broker; every record of every run "
                + "confirmed in the log", "in the order A B B A", "CPU s per million records", "verdict", "met");
        assertFalse(run.err().contains("WARN"), run::err);
        JsonNode json = json("r.json");
        for (String side : List.of("a", "b")) {
            assertEquals(3_000, json.get(side).get("records_confirmed").asLong(), json::toString);
            assertEquals(1, json.get(side).get("config").get("replication_factor").asInt());
            assertEquals("1 embedded broker", json.get(side).get("config").get("brokers").asText());
            assertTrue(json.get(side).get("records_per_batch").asDouble() >= 1, json::toString);
        }
        assertEquals("millrace", json.get("a").get("client").asText());
        assertEquals("kafka", json.get("b").get("client").asText());
        JsonNode ratio = json.get("ratios").get("alloc_bytes_per_record");
        assertTrue(ratio.get("min").asDouble() <= ratio.get("median").asDouble()
                && ratio.get("median").asDouble() <= ratio.get("max").asDouble(), json::toString);
        assertEquals(4, json.get("runs").size());
        Set<String> topics = Set.of(json.get("runs").get(0).at("/result/config/topic").asText(),
                json.get("runs").get(1).at("/result/config/topic").asText());
        assertEquals(2, topics.size(), "each run has a topic of its own");
    }

    @Test
    void shouldCompareSettingsOfOneClientAgainstTheSinkAndEndWith3WhenATargetIsMissed() throws IOException, InterruptedException {
        LaunchedProgram run = compare("--sink", "1ms", "--rounds", "1", "--throughput", "5000", "--threads", "2", "--command-property",
                "acks=1", "--a", "linger.ms=0,threads=3", "--b", "linger.ms=9", "--json", "-", "--target",
                "cpu_s_per_million<=1000,a.records_per_s<=1").expectExit(3);
        run.assertErr("linger.ms=0 (A), 9 (B)", "3 (A), 2 (B) threads", "acks=1", "response ms, p50", "inconclusive",
                "nothing was confirmed", "on the sink, which waits 1.000 ms");
        // One pair says nothing about a ratio, whatever it is.
        run.assertErr("measured", "INCONCLUSIVE", "MISSED", "a target was missed, or the pairs do not agree");
        JsonNode json = json("out");
        assertEquals("0", json.at("/a/config/client").get("linger.ms").asText());
        assertEquals("9", json.at("/b/config/client").get("linger.ms").asText());
        assertEquals("[3,2]", "[" + json.at("/a/config/threads") + "," + json.at("/b/config/threads") + "]");
        assertTrue(json.get("ratios").has("response_ms.p99"), json::toString);
        assertTrue(json.at("/a/records_confirmed").isNull());
    }

    @Test
    void shouldEndWith4WhenARunDidNotKeepItsSchedule() throws IOException, InterruptedException {
        compare("--sink", "--rounds", "1", "--num-records", "200000", "--throughput", "500000000").expectExit(4)
                .assertErr("not valid: round 1, A: the schedule of 500,000,000 records/s was not kept");
    }

    @Test
    void shouldEndWithTheErrorOfTheRunThatFails() throws IOException, InterruptedException, ExecutionException {
        Set<String> before = topics();
        LaunchedProgram run = compare("--bootstrap-server", cluster.bootstrapServers(), "--b", "max.request.size=50").expectExit(1)
                .assertErr("round 1/5, A (nothing changed): ", "millrace-perf: round 1/5, B (max.request.size=50) "
                        + "failed: 3000 records failed: {RecordTooLargeException");
        assertFalse(run.err().contains("round 2") || run.err().contains("Exception in"), run::err);
        assertEquals("", run.out());
        assertEquals(before, topics(), "topics of the runs are deleted");
    }

    @Test
    void shouldRefuseASettingOnlyTheClientItselfCanJudge() throws IOException, InterruptedException {
        compare("--sink", "--a", "partitioner.class=no.such.Class").expectExit(2).assertErr("no.such.Class");
    }

    @Test
    void shouldSayWhatAProcessSaidThatDied() throws IOException, InterruptedException {
        LaunchedProgram.start(folder, LauncherIT.LAUNCHER, Map.of("MILLRACE_JVM_OPTS", "-Xmx24m"), "compare", "--sink",
                "--record-size", "4000000", "--num-records", "10", "--rounds", "1").expectExit(1).assertErr("OutOfMemoryError");
    }

    /** It reaches the tool only, as from another shell; at a terminal it would reach the run as well, which ignores it. */
    @Test
    void shouldEndRunsAndDeleteTheirTopicsWhenInterrupted() throws IOException, InterruptedException, ExecutionException {
        Set<String> before = topics();
        LaunchedProgram run = compareForHours();
        run.interrupt();
        run.expectExit(130).assertErr("stopped in round 1");
        assertEquals("", run.out());
        assertEquals(before, topics());
    }

    /** Then nobody can tell the run to stop; it notices. */
    @Test
    void shouldEndRunsAndDeleteTheirTopicsWhenKilled() throws IOException, InterruptedException, ExecutionException {
        Set<String> before = topics();
        LaunchedProgram run = compareForHours();
        run.kill();
        run.awaitExit();
        assertEquals(before, topics());
    }

    private LaunchedProgram compareForHours() throws IOException, InterruptedException {
        LaunchedProgram run = compare("--bootstrap-server", cluster.bootstrapServers(), "--num-records", "100000000",
                "--throughput", "2000", "--reporting-interval", "100");
        run.awaitErr("sent   0%");
        return run;
    }
}
