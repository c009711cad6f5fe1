package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.EngineHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Batches that are too old, and those that are too large. */
class SenderExpiryTest extends EngineTest {

    @Test
    void shouldExpireWhatWasNeverSent() throws Exception {
        start(o -> o.deliveryTimeoutMs = 1000);
        engine.client.setUnreachable(engine.metadata.fetch().nodes().get(0), 100_000);
        SendResult result = engine.send(0, "a");
        engine.time.sleep(999);
        engine.step();
        assertFalse(result.isDone());
        engine.time.sleep(1001);
        engine.step();
        assertInstanceOf(TimeoutException.class, causeOf(result));
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldExpireOnTheWireAndGoOnInNextEpoch() throws Exception {
        start(o -> o.deliveryTimeoutMs = 1000);
        SendResult lost = engine.send(0, "a");
        engine.time.sleep(2001);
        engine.step();
        assertInstanceOf(TimeoutException.class, causeOf(lost));
        engine.disconnect();
        engine.send(0, "b");
        engine.step();
        // Whether "a" was written is not known: sequence 1 could be a gap.
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
    }

    @Test
    void shouldIgnoreAnswerToExpiredBatch() throws Exception {
        start(o -> o.deliveryTimeoutMs = 1000);
        List<Exception> told = new ArrayList<>();
        engine.append(0, "a", (metadata, e) -> told.add(e), 1000);
        engine.step();
        engine.time.sleep(2001);
        engine.step();
        engine.respond(0, Errors.NONE, 0);
        assertEquals(1, told.size());
        assertInstanceOf(TimeoutException.class, told.get(0));
    }

    @Test
    void shouldSendTheNextInTheRoundInWhichTheFirstExpires() throws Exception {
        for (boolean idempotent : new boolean[] {false, true}) {
            start(o -> {
                o.idempotent = idempotent;
                o.maxInFlight = 1;
                o.deliveryTimeoutMs = 1000;
            });
            SendResult first = engine.send(0, "a");
            engine.time.sleep(990);
            engine.append(0, "b");
            // The first goes back to wait out its backoff, and expires meanwhile; the second is held behind it.
            engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
            assertEquals(0, engine.requests().size());
            engine.time.sleep(15);
            engine.step();
            assertTrue(first.isDone());
            assertEquals(List.of("b"), engine.sent(0).values());
            engine.close();
        }
    }

    @Test
    void shouldExpireWhatStandsBehindAYoungerRetry() throws Exception {
        start(o -> {
            o.idempotent = false;
            o.deliveryTimeoutMs = 1000;
        });
        SendResult older = engine.send(0, "a");
        engine.time.sleep(900);
        SendResult younger = engine.send(0, "b");
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        // Without a sequence it goes to the front, before the one that failed earlier.
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.time.sleep(100);
        engine.step();
        assertInstanceOf(TimeoutException.class, causeOf(older));
        assertFalse(younger.isDone());
    }

    @Test
    void shouldNotCountTheWaitForMemoryAsAge() throws Exception {
        start(o -> {
            o.batchSize = 1024;
            o.bufferMemory = 1024;
            o.deliveryTimeoutMs = 1000;
        });
        SendResult first = engine.send(0, "a".repeat(600));
        SendResult[] second = new SendResult[1];
        Thread blocked = new Thread(() -> {
            try {
                second[0] = engine.append(1, "b".repeat(600));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        blocked.start();
        while (engine.pool.waiting() == 0)
            Thread.onSpinWait();
        engine.time.sleep(900);
        engine.respond(0, Errors.NONE, 0);
        assertTrue(first.isDone());
        blocked.join();
        engine.time.sleep(900);
        engine.step();
        assertFalse(second[0].isDone());
        assertEquals(1, engine.requests().size());
    }

    @Test
    void shouldSplitBatchThatIsTooLarge() throws Exception {
        start(o -> {
            o.batchSize = 4000;
            o.lingerMs = 5;
        });
        List<SendResult> results = new ArrayList<>();
        for (int i = 0; i < 20; i++)
            results.add(engine.append(0, i + "x".repeat(100)));
        engine.time.sleep(5);
        engine.step();
        assertEquals(20, engine.sent(0).values().size());
        engine.respond(0, Errors.MESSAGE_TOO_LARGE, -1);
        List<String> arrived = new ArrayList<>();
        while (arrived.size() < 20) {
            engine.step();
            Sent sent = engine.sent(0);
            assertEquals(arrived.size(), sent.sequence());
            engine.respond(0, Errors.NONE, arrived.size());
            arrived.addAll(sent.values());
        }
        for (int i = 0; i < 20; i++) {
            assertEquals(i + "x".repeat(100), arrived.get(i));
            assertEquals(i, results.get(i).get().offset());
        }
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
        assertFalse(engine.accumulator.hasIncomplete());
    }

    @Test
    void shouldFailSingleRecordThatIsTooLarge() throws Exception {
        start();
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.MESSAGE_TOO_LARGE, -1);
        assertInstanceOf(RecordTooLargeException.class, causeOf(result));
    }
}
