package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.perf.spec.Client;
import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command as a user runs it, against real brokers. No test asks for a speed. */
class ProduceIT extends BesideACluster {
    @ParameterizedTest
    @EnumSource(Client.class)
    void shouldStartABrokerSendConfirmAndCleanUp(Client client) throws IOException, InterruptedException {
        LaunchedProgram run = run("produce", "--client", client.toString(), "--num-records", "30000", "--json", "result.json", "--hlog",
                "run.hlog", "--target", "errors=0,rate>=1").expectExit(0);
        run.assertOut(client + ", 1 thread", "30,000 acknowledged, 0 errors, 30,000 confirmed", "compression.type=none",
                "p99.99", "1 embedded broker", "errors=0");
        run.assertErr("starting 1 embedded broker", "warming up");
        assertFalse(run.err().contains("WARN"), run::err);
        JsonNode json = json("result.json");
        assertEquals(client.toString(), json.get("client").asText());
        assertEquals(30_000, json.get("num_records").asLong());
        assertEquals(30_000, json.get("records_confirmed").asLong());
        assertTrue(json.get("records_per_request").asDouble() >= 1, json::toString);
        assertTrue(json.get("batch_bytes_avg").asDouble() > 100, json::toString);
        assertTrue(json.get("alloc_bytes_per_record").asDouble() > 0, json::toString);
        assertTrue(Files.readString(folder.resolve("run.hlog")).contains("Tag=response"));
    }

    /** The codecs load natives, of which JDK 24 and newer warn unless the launcher allows it. */
    @ParameterizedTest
    @CsvSource({"millrace, lz4", "millrace, zstd", "millrace, snappy", "kafka, lz4"})
    void shouldPrintNoWarningsWhateverTheCodec(String client, String codec) throws IOException, InterruptedException {
        LaunchedProgram run = runAtCluster("produce", "--client", client, "--num-records", "20000", "--warmup-records", "1000",
                "--command-property", "compression.type=" + codec)
                .expectExit(0).assertOut("compression.type=" + codec, "20,000 confirmed");
        assertFalse(run.err().toUpperCase(Locale.ROOT).contains("WARN"), run::err);
    }

    @Test
    void shouldSpreadOverEmbeddedBrokersWithReplicas() throws IOException, InterruptedException {
        run("produce", "--embedded", "2", "--partitions", "3", "--num-records", "2000", "--threads", "2", "--key-cardinality", "50")
                .expectExit(0)
                .assertOut("2 embedded brokers", "3 partitions, replication factor 2", "2,000 confirmed", "2 threads", "50 keys");
    }

    @Test
    void shouldKeepAnOpenLoop() throws IOException, InterruptedException {
        runAtCluster("produce", "--throughput", "1000", "--num-records", "500", "--warmup-records", "100", "--json", "-")
                .expectExit(0).assertErr("1,000 records/s by schedule (open loop)", "service ");
        JsonNode json = json("out");
        assertTrue(json.get("response_ms").get("max").asDouble() >= json.get("service_ms").get("max").asDouble(),
                json::toString);
        assertEquals("open", json.get("config").get("loop").asText());
    }

    @Test
    void shouldEndWith3WhenATargetIsMissed() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "2000", "--target", "max<1us,errors=0")
                .expectExit(3).assertOut("max<1us", "MISSED", "errors=0").assertErr("a target was missed");
    }

    @Test
    void shouldEndWith4WhenThereAreTooFewSamples() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "2000", "--target", "p99.9<600s")
                .expectExit(4).assertOut("NOT VALID").assertErr("needs at least 10,000 acknowledged records");
    }

    @Test
    void shouldEndWith4WhenTheScheduleIsNotKept() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "2000000", "--warmup-records", "0", "--throughput", "500000000")
                .expectExit(4).assertErr("the schedule of 500,000,000 records/s was not kept");
    }

    @Test
    void shouldEndWith1WhenRecordsFail() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "10", "--warmup-records", "0", "--command-property", "max.request.size=120",
                "--record-size", "500")
                .expectExit(1).assertOut("0 acknowledged, 10 errors, 0 confirmed")
                .assertErr("10 records failed", "RecordTooLargeException");
    }

    @Test
    void shouldUseATopicAsItIsAndLeaveItThere() throws IOException, InterruptedException {
        cluster.createTopic("mine", 2, 1);
        runAtCluster("produce", "--topic", "mine", "--num-records", "100", "--warmup-records", "10").expectExit(0)
                .assertOut("mine, 2 partitions", "100 confirmed");
        assertEquals(110, cluster.endOffsets("mine").values().stream().mapToLong(Long::longValue).sum());
    }

    @Test
    void shouldMakeAMissingTopicAndDeleteOnlyItsOwn() throws Exception {
        Set<String> before = topics();
        runAtCluster("produce", "--num-records", "10").expectExit(0);
        assertEquals(before, topics());
        runAtCluster("produce", "--num-records", "10", "--topic", "kept", "--partitions", "4").expectExit(0)
                .assertOut("kept, 4 partitions");
        assertTrue(topics().contains("kept"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1"})
    void shouldConfirmWhatIsAcknowledgedEarly(String acks) throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "5000", "--command-property", "acks=" + acks, "enable.idempotence=false")
                .expectExit(0).assertOut("acks=" + acks, "5,000 confirmed");
    }

    @Test
    void shouldSendThePayloadFile() throws IOException, InterruptedException {
        Files.writeString(folder.resolve("payload"), "{\"a\":1}\n{\"b\":2}\n");
        Files.writeString(folder.resolve("client.properties"), "linger.ms=3\n");
        runAtCluster("produce", "--num-records", "100", "--payload-file", "payload", "--command-config", "client.properties")
                .expectExit(0).assertOut("values from payload", "linger.ms=3; defaults", "100 confirmed");
    }

    @Test
    void shouldWarnOfASettingNobodyKnows() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "10", "--client", "kafka", "--command-property", "linger.msx=3")
                .expectExit(0).assertErr("warning: no producer setting is called linger.msx");
    }

    @Test
    void shouldSayThatNoBrokerAnswers() throws IOException, InterruptedException {
        LaunchedProgram run = run("produce", "--bootstrap-server", "127.0.0.1:1").expectExit(1)
                .assertErr("no answer from 127.0.0.1:1 within 10 s");
        assertEquals(1, run.err().lines().count(), run::err);
        assertEquals("", run.out());
    }

    @Test
    void shouldSayThatATopicCannotBeMade() throws IOException, InterruptedException {
        runAtCluster("produce", "--topic", "not/a/name").expectExit(1).assertErr("topic not/a/name", "invalid topic");
        runAtCluster("produce", "--replication-factor", "5").expectExit(1).assertErr("eplication factor");
    }

    @ParameterizedTest
    @EnumSource(Client.class)
    void shouldMeasureAgainstTheSink(Client client) throws IOException, InterruptedException {
        run("produce", "--client", client.toString(), "--sink", "2ms", "--num-records", "20000", "--json", "result.json")
                .expectExit(0).assertOut("20,000 acknowledged, 0 errors, not confirmed: the sink stores nothing",
                        "the sink, which waits 2.000 ms");
        assertTrue(json("result.json").get("records_confirmed").isNull());
        assertEquals(2.0, json("result.json").get("config").get("sink_delay_ms").asDouble());
        assertTrue(json("result.json").get("response_ms").get("p50").asDouble() >= 2);
    }

    @ParameterizedTest
    @EnumSource(Client.class)
    void shouldSendInTransactions(Client client) throws IOException, InterruptedException {
        cluster.createTopic("tx-" + client, 3, 1);
        LaunchedProgram run = runAtCluster("produce", "--client", client.toString(), "--num-records", "6000", "--throughput", "3000",
                "--warmup-records", "500", "--transactional-id", "id-" + client, "--transaction-duration-ms", "200",
                "--topic", "tx-" + client, "--json", "result.json").expectExit(0);
        run.assertOut("6,000 committed, 0 errors, 6,000 confirmed by a read_committed consumer", ", each after 200 ms; "
                + "0 transactions aborted", "commit  ", "transactional.id=id-" + client);
        JsonNode json = json("result.json");
        JsonNode transactions = json.get("transactions");
        long committed = transactions.get("committed").asLong();
        // None but the last is shorter than 200 ms, and the warm-up's are not counted.
        assertTrue(committed >= 1 && (committed - 1) * 0.2 <= json.get("elapsed_s").asDouble(), json::toString);
        assertEquals(6_000, transactions.get("records_committed").asLong());
        assertEquals(0, transactions.get("aborted").asLong());
        assertTrue(transactions.get("commit_ms").get("p50").asDouble() > 0, json::toString);
        assertEquals(200, json.get("config").get("transaction_duration_ms").asLong());
        // There are markers in the log, or this would show nothing: more offsets than records.
        assertTrue(cluster.endOffsets("tx-" + client).values().stream().mapToLong(Long::longValue).sum() > 6_500);
    }

    @Test
    void shouldShareATransactionAmongThreadsAndMakeUpAnId() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "40000", "--warmup-records", "2000", "--threads", "4", "--transaction-duration-ms",
                "50", "--json", "result.json").expectExit(0)
                .assertOut("40,000 committed, 0 errors, 40,000 confirmed", "transactional.id=millrace-perf-");
    }

    @Test
    void shouldTakeTheIdFromTheSettings() throws IOException, InterruptedException {
        runAtCluster("produce", "--num-records", "100", "--warmup-records", "0", "--command-property", "transactional.id=mine")
                .expectExit(0).assertOut(", each after 3,000 ms; 0 transactions aborted", "transactional.id=mine");
    }

    /** One record in four is too large: each transaction that got one is aborted, with the good records before it. */
    @ParameterizedTest
    @EnumSource(Client.class)
    void shouldNotCountRecordsOfAbortedTransactions(Client client) throws IOException, InterruptedException {
        Files.writeString(folder.resolve("payload"), "a\nb\n" + "c".repeat(500) + "\nd\n");
        runAtCluster("produce", "--client", client.toString(), "--num-records", "400", "--warmup-records", "0", "--payload-file",
                "payload", "--transaction-duration-ms", "3000", "--command-property", "max.request.size=200", "--json",
                "result.json").expectExit(1).assertErr("records were not committed", "RecordTooLargeException");
        JsonNode json = json("result.json");
        long lost = json.get("errors").asLong();
        assertTrue(lost >= 398, json::toString);
        assertEquals(400 - lost, json.get("records_confirmed").asLong());
        assertEquals(400 - lost, json.get("transactions").get("records_committed").asLong());
        assertTrue(json.get("transactions").get("aborted").asLong() >= 99, json::toString);
    }

    @ParameterizedTest
    @EnumSource(Client.class)
    void shouldSayThatAnotherProducerTookTheId(Client client) throws IOException, InterruptedException {
        LaunchedProgram run = runAtCluster("produce", "--client", client.toString(), "--num-records", "1000000", "--throughput", "500",
                "--warmup-records", "10", "--transactional-id", "taken-" + client, "--transaction-duration-ms", "300",
                "--reporting-interval", "100");
        run.awaitErr("sent   0%");
        try (Producer<byte[], byte[]> other = Client.KAFKA.open(Map.of("bootstrap.servers", cluster.bootstrapServers(),
                "transactional.id", "taken-" + client, "key.serializer", ByteArraySerializer.class, "value.serializer",
                ByteArraySerializer.class))) {
            other.initTransactions();
        }
        run.expectExit(1).assertErr("could neither be committed", "nor aborted");
        // When the end of its transaction is the first that the broker hears of it again, that is refused as of a wrong state, to either client.
        assertTrue(Stream.of(ProducerFencedException.class, InvalidTxnStateException.class)
                .anyMatch(refusal -> run.err().contains(refusal.getSimpleName())), run::toString);
    }

    @Test
    void shouldPrintWhatItHasAndCleanUpWhenInterrupted() throws IOException, InterruptedException {
        LaunchedProgram run = run("produce", "--throughput", "2000", "--num-records", "100000000", "--warmup-records", "10",
                "--reporting-interval", "100");
        run.awaitErr("sent   0%");
        run.interrupt();
        run.expectExit(130).assertOut("stopped", "not confirmed: the run was stopped", "p99");
    }

    @Test
    void shouldCleanUpWhenInterruptedBeforeTheRun() throws IOException, InterruptedException {
        LaunchedProgram run = run("produce");
        run.awaitErr("starting 1 embedded broker");
        run.interrupt();
        run.expectExit(130);
    }
}
