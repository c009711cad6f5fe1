package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.EngineHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.CodecType;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Options;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SenderTest {

    private EngineHarness engine;

    private EngineHarness start(Consumer<Options> choices) {
        Options options = new Options();
        choices.accept(options);
        engine = new EngineHarness(options);
        return engine;
    }

    @AfterEach
    void close() {
        if (engine != null)
            engine.close();
    }

    // ---------------------------------------------------------------- the simple way

    @Test
    void shouldSendAndAcknowledge() throws Exception {
        start(o -> { });
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
    void shouldWaitForLinger() throws Exception {
        start(o -> o.lingerMs = 10);
        engine.append(0, "a");
        engine.step();
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
        engine.append(0, "b");
        engine.step();
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
        SendResult result = engine.append(0, "a");
        engine.step();
        engine.client.respondToRequest(engine.requests().get(0), null);
        engine.step();
        assertEquals(-1, result.get().offset());
    }

    // ---------------------------------------------------------------- retries

    @Test
    void shouldRetryAfterBackoffWithTheSameSequence() throws Exception {
        start(o -> { });
        SendResult result = engine.append(0, "a");
        engine.step();
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
        start(o -> { });
        engine.establish(0);
        for (String value : List.of("a", "b", "c")) {
            engine.append(0, value);
            engine.step();
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
        start(o -> { });
        engine.establish(0);
        engine.append(0, "a");
        engine.step();
        engine.append(0, "b");
        engine.step();
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
        engine.append(0, "a");
        engine.step();
        engine.append(0, "b");
        engine.step();
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
        engine.append(0, "a");
        engine.step();
        engine.append(0, "b");
        engine.append(1, "c");
        engine.step();
        assertEquals(List.of("c"), engine.sent(1).values());
    }

    @Test
    void shouldFailWhenRetriesAreUsedUp() throws Exception {
        start(o -> {
            o.retries = 1;
            o.idempotent = false;
        });
        SendResult result = engine.append(0, "a");
        engine.step();
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.stepAfterBackoff();
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        assertInstanceOf(NotEnoughReplicasException.class, causeOf(result));
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldRetryWhatWasOnALostConnection() throws Exception {
        start(o -> { });
        SendResult result = engine.append(0, "a");
        engine.step();
        engine.disconnect();
        engine.stepAfterBackoff();
        assertEquals(0, engine.sent(0).sequence());
        engine.respond(0, Errors.NONE, 3);
        assertEquals(3, result.get().offset());
    }

    @Test
    void shouldFailWithoutRetryWhenErrorIsFinal() throws Exception {
        start(o -> { });
        SendResult result = engine.append(0, "a");
        engine.step();
        engine.respond(0, Errors.TOPIC_AUTHORIZATION_FAILED, -1);
        TopicAuthorizationException error = assertInstanceOf(TopicAuthorizationException.class, causeOf(result));
        assertTrue(error.unauthorizedTopics().contains(EngineHarness.TOPIC));
    }

    // ---------------------------------------------------------------- sequences

    @Test
    void shouldCountSequencesPerPartition() throws Exception {
        start(o -> { });
        engine.establish(0);
        engine.establish(1);
        engine.append(0, "a");
        engine.append(0, "b");
        engine.append(1, "c");
        engine.step();
        engine.append(0, "d");
        engine.step();
        assertEquals(3, engine.sent(1).sequence());
        EngineHarness.batches(engine.requests().get(0)).forEach(batch -> assertEquals(1, batch.sequence()));
    }

    @Test
    void shouldSendOneBatchAloneToAPartitionThatDoesNotKnowTheProducer() throws Exception {
        start(o -> { });
        engine.append(0, "a");
        engine.step();
        engine.append(0, "b");
        engine.append(1, "c");
        engine.step();
        // A leader that is not ready for "a" could be for "b", and take it as the producer's first; then "a" is refused.
        assertEquals(List.of("c"), engine.sent(1).values());
        engine.respond(0, Errors.NOT_LEADER_OR_FOLLOWER, -1);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 0, 0, List.of("a")), engine.sent(1));
        engine.respond(1, Errors.NONE, 0);
        engine.step();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 0, 1, List.of("b")), engine.sent(1));
    }

    @Test
    void shouldTakeDuplicateForSuccess() throws Exception {
        start(o -> { });
        SendResult result = engine.append(0, "a");
        engine.step();
        engine.respond(0, Errors.DUPLICATE_SEQUENCE_NUMBER, -1);
        assertEquals(-1, result.get().offset());
    }

    @Test
    void shouldRaiseEpochAfterFailureThatLeavesAGap() throws Exception {
        start(o -> { });
        engine.establish(0);
        SendResult first = engine.append(0, "a");
        engine.step();
        engine.append(0, "b");
        engine.step();
        engine.respond(0, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, first::get);
        // The second is on the wire with sequence 2: it is refused, and goes again as the first of the next epoch.
        engine.respond(0, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        engine.respond(0, Errors.NONE, 0);
        engine.append(1, "c");
        engine.step();
        assertEquals(new Sent(1, PRODUCER_ID, (short) 1, 0, List.of("c")), engine.sent(0));
    }

    /** A broker refuses a new epoch that does not begin with 0, so nothing can overtake its first batch. */
    @Test
    void shouldHaveSeveralOnTheWayAsSoonAsANewEpochBegins() throws Exception {
        start(o -> { });
        engine.establish(0);
        SendResult failing = engine.append(0, "a");
        engine.step();
        engine.respond(0, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, failing::get);
        engine.append(0, "b");
        engine.step();
        engine.append(0, "c");
        engine.step();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 1, List.of("c")), engine.sent(1));
    }

    @Test
    void shouldNotOvertakeOldEpochInFlightWithNewOne() throws Exception {
        start(o -> { });
        engine.establish(1);
        engine.append(1, "old");
        engine.step();
        SendResult failing = engine.append(0, "a");
        engine.step();
        engine.respond(1, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, failing::get);
        engine.append(1, "new");
        engine.step();
        assertEquals(1, engine.requests().size(), "sequence 0 of the new epoch went out before the old epoch's batch came home");
        engine.respond(0, Errors.NONE, 0);
        engine.step();
        assertEquals(new Sent(1, PRODUCER_ID, (short) 1, 0, List.of("new")), engine.sent(0));
    }

    @Test
    void shouldStartAgainWhenBrokerForgotTheProducer() throws Exception {
        start(o -> { });
        engine.append(0, "a");
        engine.step();
        engine.respond(0, Errors.NONE, 10);
        SendResult second = engine.append(0, "b");
        engine.step();
        assertEquals(1, engine.sent(0).sequence());
        engine.respond(0, Errors.UNKNOWN_PRODUCER_ID, -1, 50);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        engine.respond(0, Errors.NONE, 51);
        assertEquals(51, second.get().offset());
    }

    @Test
    void shouldAskForNewIdWhenEpochsAreUsedUp() throws Exception {
        start(o -> o.epoch = Short.MAX_VALUE);
        SendResult failing = engine.append(0, "a");
        engine.step();
        assertEquals(Short.MAX_VALUE, engine.sent(0).epoch());
        engine.respond(0, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, failing::get);
        engine.append(0, "b");
        engine.time.sleep(100);
        engine.giveProducerId(4712, (short) 0);
        assertEquals(new Sent(0, 4712, (short) 0, 0, List.of("b")), engine.sent(0));
    }

    @Test
    void shouldHoldBatchesUntilThereIsAProducerId() throws Exception {
        start(o -> o.epoch = -1);
        engine.append(0, "a");
        engine.step();
        assertEquals(1, engine.requests().size());
        assertInstanceOf(InitProducerIdRequest.Builder.class, engine.requests().get(0).requestBuilder());
        engine.client.respond(new InitProducerIdResponse(new InitProducerIdResponseData()
                .setErrorCode(Errors.COORDINATOR_LOAD_IN_PROGRESS.code())));
        engine.step();
        engine.time.sleep(100);
        engine.giveProducerId(9, (short) 3);
        assertEquals(new Sent(0, 9, (short) 3, 0, List.of("a")), engine.sent(0));
    }

    @Test
    void shouldFailRecordsWhenProducerIdIsForbiddenAndGoOnWhenAllowed() throws Exception {
        start(o -> o.epoch = -1);
        SendResult failing = engine.append(0, "a");
        engine.step();
        engine.client.respond(new InitProducerIdResponse(new InitProducerIdResponseData()
                .setErrorCode(Errors.CLUSTER_AUTHORIZATION_FAILED.code())));
        engine.step();
        assertInstanceOf(ClusterAuthorizationException.class, causeOf(failing));
        engine.sequences.throwIfFatal();
        engine.append(0, "b");
        engine.time.sleep(100);
        engine.giveProducerId(9, (short) 0);
        assertEquals(List.of("b"), engine.sent(0).values());
    }

    @Test
    void shouldEndForGoodWhenSendsAreForbidden() throws Exception {
        start(o -> { });
        SendResult failing = engine.append(0, "a");
        engine.step();
        SendResult behind = engine.append(0, "b");
        engine.respond(0, Errors.CLUSTER_AUTHORIZATION_FAILED, -1);
        assertInstanceOf(ClusterAuthorizationException.class, causeOf(failing));
        engine.step();
        assertInstanceOf(ClusterAuthorizationException.class, causeOf(behind));
        assertThrows(KafkaException.class, engine.sequences::throwIfFatal);
        engine.accumulator.beginFlush();
        engine.step();
        // Else every poll would have time-out 0.
        assertFalse(engine.accumulator.hasChanged());
    }

    @Test
    void shouldGoOnInNextEpochWhenRetriesOfTheFirstAreUsedUp() throws Exception {
        start(o -> o.retries = 3);
        engine.establish(0);
        SendResult first = engine.append(0, "a");
        engine.step();
        SendResult second = engine.append(0, "b");
        engine.step();
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.respond(0, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        for (int retry = 0; retry < 3; retry++) {
            engine.stepAfterBackoff();
            assertEquals(List.of("a"), engine.sent(0).values());
            engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        }
        assertInstanceOf(NotEnoughReplicasException.class, causeOf(first));
        // Sequence 2 might be right, if an attempt of the first was written after all; when it is not, an epoch begins.
        engine.stepAfterBackoff();
        assertEquals(2, engine.sent(0).sequence());
        engine.respond(0, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        engine.respond(0, Errors.NONE, 0);
        assertEquals(0, second.get().offset());
    }

    // ---------------------------------------------------------------- expiry

    @Test
    void shouldExpireWhatWasNeverSent() throws Exception {
        start(o -> o.deliveryTimeoutMs = 1000);
        engine.client.setUnreachable(engine.metadata.fetch().nodes().get(0), 100_000);
        SendResult result = engine.append(0, "a");
        engine.step();
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
        SendResult lost = engine.append(0, "a");
        engine.step();
        engine.time.sleep(2001);
        engine.step();
        assertInstanceOf(TimeoutException.class, causeOf(lost));
        engine.disconnect();
        engine.append(0, "b");
        engine.step();
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
            SendResult first = engine.append(0, "a");
            engine.step();
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
    void shouldNotCountTheWaitForMemoryAsAge() throws Exception {
        start(o -> {
            o.batchSize = 1024;
            o.bufferMemory = 1024;
            o.deliveryTimeoutMs = 1000;
        });
        SendResult first = engine.append(0, "a".repeat(600));
        engine.step();
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

    // ---------------------------------------------------------------- split

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
        start(o -> { });
        SendResult result = engine.append(0, "a");
        engine.step();
        engine.respond(0, Errors.MESSAGE_TOO_LARGE, -1);
        assertInstanceOf(RecordTooLargeException.class, causeOf(result));
    }

    // ---------------------------------------------------------------- flush, close, metadata

    @Test
    void shouldSendOpenBatchesAtFlush() throws Exception {
        start(o -> o.lingerMs = 1_000_000);
        engine.append(0, "a");
        engine.step();
        List<ProducerBatch> waitedFor = engine.accumulator.beginFlush();
        engine.step();
        assertEquals(List.of("a"), engine.sent(0).values());
        assertEquals(1, waitedFor.size());
        engine.respond(0, Errors.NONE, 0);
        assertTrue(waitedFor.get(0).isDone());
        engine.accumulator.endFlush();
        engine.append(0, "b");
        engine.step();
        assertEquals(0, engine.requests().size());
    }

    @Test
    void shouldSendWhatIsLeftWhenClosed() throws Exception {
        start(o -> o.lingerMs = 1_000_000);
        engine.append(0, "a");
        engine.step();
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
        engine.append(1, "a");
        engine.step();
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
        engine.append(1, "b".repeat(600));
        engine.step();
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

    private static Throwable causeOf(SendResult result) {
        return assertThrows(ExecutionException.class, result::get).getCause();
    }
}
