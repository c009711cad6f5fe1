package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.EngineHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** What is sent again, when, and in which order. */
class SenderRetryTest extends EngineTest {

    @Test
    void shouldRetryAfterBackoffWithTheSameSequence() throws Exception {
        start();
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.step();
        assertEquals(0, engine.requests().size(), "no backoff");
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 0, 0, List.of("a")), engine.sent(0));
        engine.respond(0, Errors.NONE, 5);
        assertEquals(5, result.get().offset());
    }

    @Test
    void shouldWaitTwiceAsLongForEachRetryUpToTheLimitAndNotForAllAlike() throws Exception {
        start(o -> o.partitions = 20);
        for (int p = 0; p < 20; p++)
            engine.append(p, "a");
        engine.step();
        for (double backoffMs : new double[] {100, 200, 400, 800, 1000, 1000}) {
            while (!engine.requests().isEmpty())
                engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
            List<Long> waitsMs = waitsUntilResent();
            assertEquals(20, waitsMs.size());
            for (long waitMs : waitsMs)
                assertTrue(0.8 * backoffMs <= waitMs && waitMs <= Math.min(1.2 * backoffMs, 1000),
                        () -> waitsMs + " ms, for a backoff of " + backoffMs + " ms");
            // At the limit half of them wait for just that; that all twenty do happens once in a million.
            assertTrue(waitsMs.stream().distinct().count() > 1, () -> "all after " + waitsMs.get(0) + " ms");
        }
    }

    /** Passes time until batches have been sent to all partitions, or for too long; how long each waited, in ms. */
    private List<Long> waitsUntilResent() {
        List<Long> waitsMs = new ArrayList<>();
        int seen = 0;
        for (long passedMs = 0; passedMs <= 2000 && waitsMs.size() < engine.partitions; passedMs++) {
            for (; seen < engine.requests().size(); seen++)
                for (int i = EngineHarness.batches(engine.requests().get(seen)).size(); i > 0; i--)
                    waitsMs.add(passedMs);
            engine.time.sleep(1);
            engine.step();
        }
        return waitsMs;
    }

    @Test
    void shouldKeepOrderWhenAllInFlightFail() throws Exception {
        start();
        engine.establish(0);
        for (String value : List.of("a", "b", "c")) {
            engine.send(0, value);
        }
        assertEquals(3, engine.requests().size());
        engine.respond(0, Errors.NOT_LEADER_OR_FOLLOWER, -1);
        engine.respond(0, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        engine.respond(0, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        engine.append(0, "d");
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 10 && order.size() < 4; i++) {
            engine.stepAfterBackoff();
            // While batches are retried there is one in flight at a time.
            assertEquals(1, engine.requests().size());
            Sent sent = engine.sent(0);
            assertEquals(1 + order.size(), sent.sequence());
            order.addAll(sent.values());
            engine.respond(0, Errors.NONE, 1 + order.size());
        }
        assertEquals(List.of("a", "b", "c", "d"), order);
    }

    @Test
    void shouldPutLaterFailureBehindEarlierOne() throws Exception {
        start();
        engine.establish(0);
        engine.send(0, "a");
        engine.send(0, "b");
        // The second is heard of first.
        engine.respond(1, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        engine.respond(0, Errors.NETWORK_EXCEPTION, -1);
        engine.stepAfterBackoff();
        assertEquals(List.of("a"), engine.sent(0).values());
    }

    @Test
    void shouldHaveOneInFlightWhenAskedFor() throws Exception {
        start(o -> {
            o.maxInFlight = 1;
            o.idempotent = false;
        });
        engine.send(0, "a");
        engine.send(0, "b");
        assertEquals(1, engine.requests().size());
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.stepAfterBackoff();
        assertEquals(List.of("a"), engine.sent(0).values());
        assertEquals(1, engine.requests().size());
        engine.respond(0, Errors.NONE, 0);
        engine.step();
        assertEquals(List.of("b"), engine.sent(0).values());
    }

    @Test
    void shouldNotHoldOtherPartitionsBackWhenOneIsBlocked() throws Exception {
        start(o -> o.maxInFlight = 1);
        engine.send(0, "a");
        engine.append(0, "b");
        engine.send(1, "c");
        assertEquals(List.of("c"), engine.sent(1).values());
    }

    @Test
    void shouldFailWhenRetriesAreUsedUp() throws Exception {
        start(o -> {
            o.retries = 1;
            o.idempotent = false;
        });
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.stepAfterBackoff();
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        assertInstanceOf(NotEnoughReplicasException.class, causeOf(result));
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldRetryWhatWasOnALostConnection() throws Exception {
        start();
        SendResult result = engine.send(0, "a");
        engine.disconnect();
        engine.stepAfterBackoff();
        assertEquals(0, engine.sent(0).sequence());
        engine.respond(0, Errors.NONE, 3);
        assertEquals(3, result.get().offset());
    }

    @Test
    void shouldFailWithoutRetryWhenErrorIsFinal() throws Exception {
        start();
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.TOPIC_AUTHORIZATION_FAILED, -1);
        TopicAuthorizationException error = assertInstanceOf(TopicAuthorizationException.class, causeOf(result));
        assertTrue(error.unauthorizedTopics().contains(EngineHarness.TOPIC));
    }
}
