package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.EngineHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.junit.jupiter.api.Test;

/** Producer ids, epochs and sequences under failures. */
class SenderSequenceTest extends EngineTest {

    @Test
    void shouldCountSequencesPerPartition() throws Exception {
        start();
        engine.establish(0);
        engine.establish(1);
        engine.append(0, "a");
        engine.append(0, "b");
        engine.send(1, "c");
        engine.send(0, "d");
        assertEquals(3, engine.sent(1).sequence());
        EngineHarness.batches(engine.requests().get(0)).forEach(batch -> assertEquals(1, batch.sequence()));
    }

    @Test
    void shouldSendOneBatchAloneToAPartitionThatDoesNotKnowTheProducer() throws Exception {
        start();
        engine.send(0, "a");
        engine.append(0, "b");
        engine.send(1, "c");
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
    void shouldSendOneBatchAloneToATopicThatWasMadeAgain() throws Exception {
        start();
        engine.establish(0);
        engine.send(0, "a");
        engine.respond(0, Errors.UNKNOWN_TOPIC_ID, -1);
        engine.append(0, "b");
        engine.stepAfterBackoff();
        engine.step();
        assertEquals(1, engine.requests().size());
        assertEquals(List.of("a"), engine.sent(0).values());
        engine.respond(0, Errors.NONE, 0);
        engine.step();
        engine.send(0, "c");
        assertEquals(2, engine.requests().size());
    }

    @Test
    void shouldTakeDuplicateForSuccess() throws Exception {
        start();
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.DUPLICATE_SEQUENCE_NUMBER, -1);
        assertEquals(-1, result.get().offset());
    }

    @Test
    void shouldRaiseEpochAfterFailureThatLeavesAGap() throws Exception {
        start();
        engine.establish(0);
        SendResult first = engine.send(0, "a");
        engine.send(0, "b");
        engine.respond(0, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, first::get);
        // The second is on the wire with sequence 2: it is refused, and goes again as the first of the next epoch.
        engine.respond(0, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        engine.respond(0, Errors.NONE, 0);
        engine.send(1, "c");
        assertEquals(new Sent(1, PRODUCER_ID, (short) 1, 0, List.of("c")), engine.sent(0));
    }

    /** A broker refuses a new epoch that does not begin with 0, so nothing can overtake its first batch. */
    @Test
    void shouldHaveSeveralOnTheWayAsSoonAsANewEpochBegins() throws Exception {
        start();
        engine.establish(0);
        SendResult failing = engine.send(0, "a");
        engine.respond(0, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, failing::get);
        engine.send(0, "b");
        engine.send(0, "c");
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 1, List.of("c")), engine.sent(1));
    }

    /** KafkaProducer would write "a" a second time, and behind "b". */
    @Test
    void shouldAskForWhatMayBeInTheLogBeforeANewEpochBegins() throws Exception {
        start();
        engine.establish(0);
        SendResult inDoubt = engine.send(0, "a");
        engine.send(0, "b");
        engine.send(0, "c");
        engine.respond(0, Errors.REQUEST_TIMED_OUT, -1);
        engine.respond(0, Errors.NONE, 2);
        engine.respond(0, Errors.INVALID_TIMESTAMP, -1);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 0, 1, List.of("a")), engine.sent(0));
        engine.respond(0, Errors.NONE, 1);
        assertEquals(1, inDoubt.get().offset());
        engine.send(0, "d");
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("d")), engine.sent(0));
    }

    @Test
    void shouldNotHoldANewEpochBackForAPartitionThatCannotHaveItYet() throws Exception {
        start();
        engine.establish(0);
        engine.establish(1);
        engine.send(0, "a");
        engine.send(0, "b");
        engine.send(1, "c");
        // Both partitions need a new epoch now; "a" is still on the wire.
        engine.respond(1, Errors.INVALID_TIMESTAMP, -1);
        engine.respond(1, Errors.INVALID_TIMESTAMP, -1);
        engine.append(1, "d");
        engine.send(0, "e");
        assertEquals(new Sent(1, PRODUCER_ID, (short) 1, 0, List.of("d")), engine.sent(1));
        assertEquals(2, engine.requests().size());
        engine.respond(0, Errors.NONE, 1);
        engine.step();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 2, 0, List.of("e")), engine.sent(1));
    }

    @Test
    void shouldNotOvertakeOldEpochInFlightWithNewOne() throws Exception {
        start();
        engine.establish(1);
        engine.send(1, "old");
        SendResult failing = engine.send(0, "a");
        engine.respond(1, Errors.INVALID_TIMESTAMP, -1);
        assertThrows(ExecutionException.class, failing::get);
        engine.send(1, "new");
        assertEquals(1, engine.requests().size(), "sequence 0 of the new epoch went out before the old epoch's batch came home");
        engine.respond(0, Errors.NONE, 0);
        engine.step();
        assertEquals(new Sent(1, PRODUCER_ID, (short) 1, 0, List.of("new")), engine.sent(0));
    }

    @Test
    void shouldStartAgainWhenBrokerForgotTheProducer() throws Exception {
        start();
        engine.send(0, "a");
        engine.respond(0, Errors.NONE, 10);
        SendResult second = engine.send(0, "b");
        assertEquals(1, engine.sent(0).sequence());
        engine.respond(0, Errors.UNKNOWN_PRODUCER_ID, -1, 50);
        engine.stepAfterBackoff();
        assertEquals(new Sent(0, PRODUCER_ID, (short) 1, 0, List.of("b")), engine.sent(0));
        engine.respond(0, Errors.NONE, 51);
        assertEquals(51, second.get().offset());
    }

    @Test
    void shouldStartAgainEachTimeTheBrokerForgetsTheProducer() throws Exception {
        start();
        engine.establish(0);
        SendResult result = engine.send(0, "a");
        for (short epoch = 1; epoch <= 3; epoch++) {
            engine.respond(0, Errors.UNKNOWN_PRODUCER_ID, -1, 50);
            engine.stepAfterBackoff();
            assertEquals(new Sent(0, PRODUCER_ID, epoch, 0, List.of("a")), engine.sent(0));
        }
        engine.respond(0, Errors.NONE, 51);
        assertEquals(51, result.get().offset());
    }

    @Test
    void shouldAskForNewIdWhenEpochsAreUsedUp() throws Exception {
        start(o -> o.epoch = Short.MAX_VALUE);
        SendResult failing = engine.send(0, "a");
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
        engine.send(0, "a");
        assertEquals(1, engine.requests().size());
        assertInstanceOf(InitProducerIdRequest.Builder.class, engine.requests().get(0).requestBuilder());
        engine.client.respond(new InitProducerIdResponse(new InitProducerIdResponseData()
                .setErrorCode(Errors.COORDINATOR_LOAD_IN_PROGRESS.code())));
        engine.step();
        engine.time.sleep(100);
        engine.giveProducerId(9, (short) 3);
        assertEquals(new Sent(0, 9, (short) 3, 0, List.of("a")), engine.sent(0));
    }

    /** With it batches would be written as if they had no sequences. */
    @Test
    void shouldAskAgainForAProducerIdThatIsNone() throws Exception {
        start(o -> o.epoch = -1);
        engine.send(0, "a");
        engine.client.respond(new InitProducerIdResponse(new InitProducerIdResponseData().setProducerId(-7)));
        engine.step();
        assertEquals(0, engine.requests().size());
        engine.time.sleep(100);
        engine.giveProducerId(9, (short) 0);
        assertEquals(new Sent(0, 9, (short) 0, 0, List.of("a")), engine.sent(0));
    }

    @Test
    void shouldFailRecordsWhenProducerIdIsForbiddenAndGoOnWhenAllowed() throws Exception {
        start(o -> o.epoch = -1);
        SendResult failing = engine.send(0, "a");
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
        start();
        SendResult failing = engine.send(0, "a");
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
        SendResult first = engine.send(0, "a");
        SendResult second = engine.send(0, "b");
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
}
