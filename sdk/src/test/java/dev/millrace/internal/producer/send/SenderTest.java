package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.EngineHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.CodecType;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ProduceResponse;
import org.junit.jupiter.api.Test;

/** What is sent when, and what a flush, a close and the cluster change of it. */
class SenderTest extends EngineTest {

    @Test
    void shouldSendAndAcknowledge() throws Exception {
        start();
        List<String> told = new ArrayList<>();
        SendResult first = engine.append(0, "a", (metadata, e) -> told.add("a@" + metadata.offset()), 1000);
        engine.step();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 0, 0, List.of("a")), engine.sent(0));
        assertFalse(first.isDone());
        engine.respond(0, Errors.NONE, 77);
        assertTrue(first.isDone());
        assertEquals(77, first.get().offset());
        assertEquals(List.of("a@77"), told);
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldGoByTheTopicsNameWhenTheAnswersIdIsAnother() throws Exception {
        start();
        SendResult first = engine.send(0, "a");
        TopicProduceResponse topic = new TopicProduceResponse().setName(EngineHarness.TOPIC).setTopicId(Uuid.randomUuid());
        topic.partitionResponses().add(new PartitionProduceResponse().setIndex(0).setBaseOffset(77));
        ProduceResponseData answer = new ProduceResponseData();
        answer.responses().add(topic);
        engine.client.respondToRequest(engine.requests().get(0), new ProduceResponse(answer));
        engine.step();
        assertEquals(77, first.get(0, TimeUnit.SECONDS).offset());
    }

    @Test
    void shouldWaitForLinger() throws Exception {
        start(o -> o.lingerMs = 10);
        engine.send(0, "a");
        engine.append(0, "b");
        engine.time.sleep(9);
        engine.step();
        assertEquals(0, engine.requests().size());
        engine.time.sleep(1);
        engine.step();
        assertEquals(List.of("a", "b"), engine.sent(0).values());
    }

    @Test
    void shouldNotLingerWhenBatchIsFull() throws Exception {
        start(o -> {
            o.lingerMs = 1_000_000;
            o.batchSize = 200;
        });
        for (int i = 0; i < 20; i++)
            engine.append(0, "a value of some length " + i);
        engine.step();
        assertEquals(1, engine.requests().size());
        assertEquals("a value of some length 0", engine.sent(0).values().get(0));
    }

    @Test
    void shouldSendRecordThatFillsItsBatchAloneAtOnce() throws Exception {
        start(o -> {
            o.lingerMs = 1_000_000;
            o.batchSize = 1;
        });
        engine.establish(0);
        engine.append(0, "a");
        engine.send(0, "b");
        engine.step();
        assertEquals(List.of("a"), engine.sent(0).values());
        assertEquals(List.of("b"), engine.sent(1).values());
    }

    @Test
    void shouldPutOneBatchOfEveryReadyPartitionInARequest() throws Exception {
        start(o -> o.partitions = 5);
        for (int p = 0; p < 5; p++)
            engine.append(p, "p" + p);
        engine.step();
        assertEquals(1, engine.requests().size());
        assertEquals(5, EngineHarness.batches(engine.requests().get(0)).size());
    }

    @Test
    void shouldRespectMaxRequestSize() throws Exception {
        start(o -> {
            o.partitions = 5;
            o.maxRequestSize = 300;
        });
        for (int p = 0; p < 5; p++)
            engine.append(p, "x".repeat(50));
        engine.step();
        engine.step();
        engine.step();
        List<Integer> sizes = engine.requests().stream().map(r -> EngineHarness.batches(r).size()).toList();
        assertEquals(List.of(2, 2, 1), sizes);
    }

    @Test
    void shouldCompressWholeBatch() throws Exception {
        start(o -> {
            o.codec = CodecType.ZSTD;
            o.batchSize = 16_384;
            o.lingerMs = 5;
        });
        List<String> values = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            values.add("{\"order\":" + i + ",\"state\":\"open\"}");
            engine.append(0, values.get(i));
        }
        engine.time.sleep(5);
        List<String> sent = new ArrayList<>();
        engine.step();
        while (!engine.requests().isEmpty()) {
            sent.addAll(engine.sent(0).values());
            engine.respond(0, Errors.NONE, 0);
            engine.step();
        }
        assertEquals(values, sent);
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldCompleteWithoutOffsetWhenAcksIsZero() throws Exception {
        start(o -> {
            o.acks = 0;
            o.idempotent = false;
        });
        SendResult result = engine.send(0, "a");
        engine.client.respondToRequest(engine.requests().get(0), null);
        engine.step();
        assertEquals(-1, result.get().offset());
    }

    @Test
    void shouldSendOpenBatchesAtFlush() throws Exception {
        start(o -> o.lingerMs = 1_000_000);
        engine.send(0, "a");
        List<ProducerBatch> waitedFor = engine.accumulator.beginFlush();
        engine.step();
        assertEquals(List.of("a"), engine.sent(0).values());
        assertEquals(1, waitedFor.size());
        engine.respond(0, Errors.NONE, 0);
        assertTrue(waitedFor.get(0).isDone());
        engine.accumulator.endFlush();
        engine.send(0, "b");
        assertEquals(0, engine.requests().size());
    }

    @Test
    void shouldSendWhatIsLeftWhenClosed() throws Exception {
        start(o -> o.lingerMs = 1_000_000);
        engine.send(0, "a");
        engine.sender.initiateClose();
        engine.step();
        assertEquals(List.of("a"), engine.sent(0).values());
        assertThrows(RuntimeException.class, () -> engine.append(0, "b"));
    }

    @Test
    void shouldFailWhatIsLeftWhenForced() throws Exception {
        start(o -> o.lingerMs = 1_000_000);
        SendResult queued = engine.append(0, "a");
        engine.sender.forceClose();
        engine.sender.run();
        assertEquals("Producer is closed forcefully.", causeOf(queued).getMessage());
    }

    @Test
    void shouldWaitForALeader() throws Exception {
        start(o -> o.partitions = 1);
        // The cluster does not know partition 1 yet.
        engine.send(1, "a");
        assertEquals(0, engine.requests().size());
        engine.client.updateMetadata(EngineHarness.metadataResponse(1, 2));
        engine.step();
        assertEquals(List.of("a"), engine.sent(0).values());
    }

    @Test
    void shouldHurryOpenBatchesWhenMemoryIsShort() throws Exception {
        start(o -> {
            o.lingerMs = 1_000_000;
            o.batchSize = 1024;
            o.bufferMemory = 2048;
            o.partitions = 3;
        });
        engine.append(0, "a".repeat(600));
        engine.send(1, "b".repeat(600));
        Thread blocked = new Thread(() -> {
            try {
                engine.append(2, "c".repeat(600), null, 60_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        blocked.start();
        while (engine.pool.waiting() == 0)
            Thread.onSpinWait();
        // It is counted as waiting a moment before it says so.
        while (engine.requests().isEmpty())
            engine.step();
        assertEquals(2, EngineHarness.batches(engine.requests().get(0)).size());
        engine.respond(0, Errors.NONE, 0);
        blocked.join(30_000);
        assertFalse(blocked.isAlive(), "memory came free, but the waiting thread did not get it");
    }
}
