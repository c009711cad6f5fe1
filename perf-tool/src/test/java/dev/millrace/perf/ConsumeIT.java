package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The command as a user runs it, against a real broker. No test asks for a speed. */
class ConsumeIT extends BesideACluster {
    private static Set<String> groups() throws InterruptedException, ExecutionException {
        Set<String> ids = new TreeSet<>();
        cluster.admin().listGroups().all().get().forEach(group -> ids.add(group.groupId()));
        return ids;
    }

    @ParameterizedTest
    @EnumSource(value = ConsumeClient.class, names = "POOL", mode = EnumSource.Mode.EXCLUDE)
    void shouldFillATopicHandleEachRecordOnceAndCleanUp(ConsumeClient client) throws Exception {
        Set<String> topicsBefore = topics();
        Set<String> groupsBefore = groups();
        LaunchedProgram run = runAtCluster("consume", "--client", client.toString(), "--num-records", "8000", "--warmup-records", "2000",
                "--partitions", "3", "--hot-key-share", "0.5", "--work-us", "20", "--json", "result.json", "--hlog", "run.hlog",
                "--target", "errors=0,rate>=1").expectExit(0);
        run.assertOut(client == ConsumeClient.KAFKA ? "one thread that polls and handles, 20 us of work"
                : "ordering key, concurrency 16, platform threads, 20 us of work", "3 partitions",
                "10,000 handled once at least, 0 missing, 0 handled again, all committed", "one key with 50 %",
                "records without the hot key");
        run.assertErr("filling the topic with 10,000 records", "warming up with 2,000 records", "handling 8,000 records");
        assertFalse(run.err().contains("WARN") || run.err().contains("was not deleted"), run::err);
        JsonNode json = json("result.json");
        assertEquals(10_000, json.get("records_confirmed").asLong());
        long measured = json.get("num_records").asLong();
        assertTrue(measured > 0 && measured <= 8_000, json::toString);
        long others = json.at("/other_keys/records").asLong();
        assertTrue(others > 0 && others < measured, json::toString);
        assertTrue(json.get("cpu_s_per_million").asDouble() > 0 && json.get("alloc_bytes_per_record").asDouble() > 0);
        assertTrue(json.at("/lag/0/1").asLong() > 0 && json.at("/lag/0/1").asLong() <= 10_000, json::toString);
        long handled = 0;
        for (JsonNode partition : json.get("partitions")) {
            handled += partition.get("handled").asLong();
            assertEquals(partition.get("to").asLong(), partition.get("committed").asLong(), json::toString);
        }
        assertEquals(10_000, handled);
        assertTrue(Files.readString(folder.resolve("run.hlog")).contains("Tag=handler"));
        assertEquals(topicsBefore, topics());
        assertEquals(groupsBefore, groups());
    }

    @Test
    void shouldHandleAsynchronouslyAtMostSoManyAtATime() throws IOException, InterruptedException {
        runAtCluster("consume", "--num-records", "4000", "--warmup-records", "100", "--async", "--concurrency", "50", "--work-us", "2000",
                "--ordering", "unordered", "--json", "-", "--command-property", "millrace.consumer.commit.interval.ms=100")
                .expectExit(0).assertErr("ordering unordered, concurrency 50, asynchronous handlers, 2,000 us of work",
                        "0 missing, 0 handled again, all committed", "millrace.consumer.commit.interval.ms=100; defaults");
        JsonNode json = json("out");
        assertTrue(json.at("/handler_ms/p50").asDouble() >= 2, json::toString);
        assertTrue(json.get("share").asDouble() > 0 && json.get("share").asDouble() <= 1.01, json::toString);
    }

    /** Its log has markers and an aborted transaction's records: offsets that nobody is given. */
    @Test
    void shouldCountWhatAReaderIsGivenOfATopicThatWasThere() throws Exception {
        cluster.createTopic("theirs", 2, 1);
        try (Producer<byte[], byte[]> producer = Client.KAFKA.open(Map.of("bootstrap.servers", cluster.bootstrapServers(),
                "transactional.id", "theirs", "key.serializer", ByteArraySerializer.class, "value.serializer",
                ByteArraySerializer.class))) {
            producer.initTransactions();
            for (int i = 0; i < 30; i++) {
                producer.beginTransaction();
                for (int j = 0; j < 10; j++) {
                    producer.send(new ProducerRecord<>("theirs", j % 2, null, new byte[50]));
                }
                if (i % 3 == 0) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
        runAtCluster("consume", "--client", "kafka", "--topic", "theirs", "--command-property", "isolation.level=read_committed",
                "group.id=mine", "--work-us", "1000", "--json", "-").expectExit(0)
                .assertErr("reading what the topic holds", "200 handled once at least, 0 missing", "all committed");
        JsonNode json = json("out");
        assertTrue(json.get("num_records").asLong() <= 100, () -> "half of them are the warm-up: " + json);
        assertEquals("mine", json.at("/config/group").asText());
        Map<TopicPartition, OffsetAndMetadata> committed =
                cluster.admin().listConsumerGroupOffsets("mine").partitionsToOffsetAndMetadata().get();
        assertEquals(2, committed.size(), "a group that was named stays");
        assertTrue(topics().contains("theirs"));
        runAtCluster("consume", "--client", "kafka", "--topic", "theirs", "--command-property", "group.id=mine").expectExit(1)
                .assertErr("group mine has committed offsets of topic theirs already");
    }

    @Test
    void shouldMeasureWorkOnABarePoolWithoutABroker() throws IOException, InterruptedException {
        LaunchedProgram run = run("consume", "--client", "pool", "--concurrency", "8", "--work-us", "200", "--num-records", "4000",
                "--warmup-records", "1000", "--json", "-", "--target", "share>=2").expectExit(3);
        run.assertErr("8 threads and no consumer, 200 us of work", "5,000 handled once at least, 0 missing", "MISSED");
        JsonNode json = json("out");
        assertTrue(json.at("/handler_ms/p50").asDouble() >= 0.2, json::toString);
        assertTrue(json.get("share").asDouble() > 0 && json.get("share").asDouble() <= 1, json::toString);
        assertTrue(json.get("alloc_bytes_per_record").asDouble() > 0, json::toString);
        assertTrue(json.get("lag").isNull());
    }

    @Test
    void shouldPrintWhatItHasAndCleanUpWhenInterrupted() throws Exception {
        Set<String> before = topics();
        LaunchedProgram run = runAtCluster("consume", "--client", "kafka", "--num-records", "50000", "--warmup-records", "10",
                "--work-us", "5000", "--reporting-interval", "100");
        run.awaitErr("handled   0%");
        run.interrupt();
        run.expectExit(130).assertOut("stopped", "not checked: the run was stopped");
        assertEquals(before, topics());
    }
}
