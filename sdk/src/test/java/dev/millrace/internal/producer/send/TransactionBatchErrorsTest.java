package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.TransactionHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Batches of a transaction that a broker refuses. */
class TransactionBatchErrorsTest extends TransactionTest {

    private SendResult refuse(Errors error) throws InterruptedException {
        SendResult sent = tx.engine.append(0, "refused");
        ApiKeys next = tx.awaiting().get(0);
        assertSame(ApiKeys.PRODUCE, next);
        tx.produce(error, -1);
        tx.settle();
        return sent;
    }

    /** Ends the transaction that has an error; with the protocol's own way to the next epoch. */
    private void abort(Protocol protocol) {
        TransactionResult abort = tx.manager.beginAbort();
        if (protocol == Protocol.V2) {
            tx.endTransactionWithEpoch(1);
        } else {
            tx.endTransaction(Errors.NONE);
            tx.timedOut(abort);
            InitProducerIdRequest init = tx.body(ApiKeys.INIT_PRODUCER_ID, InitProducerIdRequest.class);
            assertEquals(PRODUCER_ID, init.data().producerId());
            assertEquals(0, init.data().producerEpoch());
            tx.initProducerId(Errors.NONE, 1);
        }
        tx.succeeded(abort);
    }

    private void assertNextTransactionBeginsAnew(Protocol protocol) throws InterruptedException {
        tx.manager.beginTransaction();
        tx.engine.append(0, "next");
        if (protocol == Protocol.V1)
            tx.addPartitions(Errors.NONE);
        assertEquals(new EngineHarness.Sent(0, PRODUCER_ID, (short) 1, 0, List.of("next")), tx.produced());
    }

    @ParameterizedTest
    @EnumSource(names = {"INVALID_TIMESTAMP", "TOPIC_AUTHORIZATION_FAILED", "INVALID_REQUIRED_ACKS", "RECORD_LIST_TOO_LARGE",
            "TRANSACTION_ABORTABLE", "INVALID_RECORD", "UNKNOWN_SERVER_ERROR", "OUT_OF_ORDER_SEQUENCE_NUMBER"})
    void shouldAskForAnAbortAfterARefusal(Errors error) throws Exception {
        for (Protocol protocol : List.of(Protocol.V1, Protocol.V2)) {
            start(protocol).initialized().opened(0);
            Throwable refused = causeOf(refuse(error));
            assertSame(error.exception().getClass(), refused.getClass());
            assertSame(refused, assertThrows(KafkaException.class, tx.manager::beginCommit).getCause());
            abort(protocol);
            assertNextTransactionBeginsAnew(protocol);
            close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PRODUCER_FENCED", "CLUSTER_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
            "UNSUPPORTED_VERSION", "INVALID_PRODUCER_ID_MAPPING"})
    void shouldGiveUpAfterARefusal(Errors error) throws Exception {
        start(Protocol.V2).initialized().opened(0);
        tx.engine.append(1, "other");
        tx.request(ApiKeys.PRODUCE);
        SendResult other = tx.engine.append(1, "behind it");
        SendResult refused = tx.engine.append(0, "refused");
        tx.settle();
        tx.engine.respond(tx.engine.requests().size() - 1, error, -1);
        tx.settle();
        assertSame(error.exception().getClass(), causeOf(refused).getClass());
        assertSame(tx.manager.fatalError(), causeOf(other));
        assertSame(error.exception().getClass(), tx.manager.fatalError().getClass());
        assertThrows(KafkaException.class, tx.manager::beginAbort);
        assertEquals(error == Errors.PRODUCER_FENCED,
                assertThrows(KafkaException.class, () -> tx.engine.append(0, "more")) instanceof ProducerFencedException);
        assertFalse(tx.engine.accumulator.hasIncomplete());
    }

    /** Brokers say so to the writer of a transaction that timed out: abort, and go on (KIP-588). */
    @Test
    void shouldAskForAnAbortWhenTheEpochIsOld() throws Exception {
        start(Protocol.V1).initialized().opened(0);
        assertInstanceOf(InvalidProducerEpochException.class, causeOf(refuse(Errors.INVALID_PRODUCER_EPOCH)));
        assertThrows(InvalidProducerEpochException.class, tx.manager::beginCommit);
        assertNull(tx.manager.fatalError());
        abort(Protocol.V1);
        assertNextTransactionBeginsAnew(Protocol.V1);
    }

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldAskForAnAbortWhenRetriesAreUsedUp(Protocol protocol) throws Exception {
        start(protocol, o -> o.retries = 1).initialized().opened(0);
        SendResult sent = refuse(Errors.NOT_ENOUGH_REPLICAS);
        assertFalse(sent.isDone());
        tx.engine.time.sleep(2000);
        TransactionResult commit = tx.manager.beginCommit();
        tx.produce(Errors.NOT_ENOUGH_REPLICAS, -1);
        assertInstanceOf(NotEnoughReplicasException.class, causeOf(sent));
        TransactionAbortableException error = tx.failed(commit, TransactionAbortableException.class);
        assertInstanceOf(NotEnoughReplicasException.class, error.getCause());
        abort(protocol);
        assertNextTransactionBeginsAnew(protocol);
    }

    @Test
    void shouldAskForAnAbortWhenTheCoordinatorKnowsOfNoTransaction() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        refuse(Errors.INVALID_TXN_STATE);
        assertInstanceOf(TransactionAbortableException.class,
                assertThrows(KafkaException.class, tx.manager::throwIfError).getCause());
        abort(Protocol.V2);
    }

    /** What was sent behind a batch that failed can't be taken any more; to repeat it would keep the abort waiting. */
    @Test
    void shouldNotRepeatWhatWasSentBehindARefusedBatch() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        SendResult first = tx.engine.append(0, "first");
        tx.request(ApiKeys.PRODUCE);
        SendResult second = tx.engine.append(0, "second");
        tx.settle();
        assertEquals(2, tx.engine.requests().size());
        tx.produce(Errors.INVALID_TIMESTAMP, -1);
        assertInstanceOf(InvalidTimestampException.class, causeOf(first));
        TransactionResult abort = tx.manager.beginAbort();
        assertEquals(List.of(ApiKeys.PRODUCE), tx.awaiting());
        tx.produce(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        assertInstanceOf(OutOfOrderSequenceException.class, causeOf(second));
        tx.endTransactionWithEpoch(1);
        tx.succeeded(abort);
        assertNextTransactionBeginsAnew(Protocol.V2);
    }

    @Test
    void shouldRepeatInOrderWhatOvertookItsPredecessor() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        SendResult first = tx.engine.append(0, "first");
        tx.request(ApiKeys.PRODUCE);
        SendResult second = tx.engine.append(0, "second");
        tx.settle();
        tx.engine.respond(1, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        tx.engine.respond(0, Errors.NOT_LEADER_OR_FOLLOWER, -1);
        for (SendResult result : List.of(first, second)) {
            tx.engine.time.sleep(2000);
            tx.produce(Errors.NONE, 0);
            assertTrue(result.isDone());
        }
        tx.manager.throwIfError();
    }

    /** It may be in the log already: to leave it out would leave a gap in the log's eyes and a record in the next transaction's. */
    @Test
    void shouldRepeatASentBatchWhileTheTransactionIsAborted() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        SendResult sent = refuse(Errors.NOT_LEADER_OR_FOLLOWER);
        TransactionResult abort = tx.manager.beginAbort();
        assertEquals(List.of(), tx.awaiting());
        tx.engine.time.sleep(2000);
        tx.produce(Errors.NONE, 5);
        assertEquals(5, sent.get().offset());
        tx.endTransactionWithEpoch(1);
        tx.succeeded(abort);
    }

    @Test
    void shouldAskAgainWhenTheBrokerCannotTellWhetherTheLogWasTruncated() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        SendResult sent = tx.engine.append(0, "a");
        tx.request(ApiKeys.PRODUCE);
        tx.engine.respond(0, Errors.UNKNOWN_PRODUCER_ID, -1, -1);
        tx.engine.time.sleep(2000);
        tx.request(ApiKeys.PRODUCE);
        tx.engine.respond(0, Errors.UNKNOWN_PRODUCER_ID, -1, 10);
        assertTrue(sent.isDone());
        assertThrows(KafkaException.class, tx.manager::throwIfError);
        abort(Protocol.V2);
        assertNextTransactionBeginsAnew(Protocol.V2);
    }

    @Test
    void shouldGiveUpWhenAGapCannotBeMendedByAnEpoch() throws Exception {
        start(Protocol.OLD).initialized().opened(0);
        assertInstanceOf(InvalidTimestampException.class, causeOf(refuse(Errors.INVALID_TIMESTAMP)));
        assertInstanceOf(InvalidTimestampException.class, tx.manager.fatalError().getCause());
    }

    /** A refusal that no answer brings: whoever waits for the end must be told all the same, and at once. */
    @Test
    void shouldNotSleepOnABatchThatCouldNotBeWritten() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        SendResult sent = refuse(Errors.NOT_LEADER_OR_FOLLOWER);
        TransactionResult commit = tx.manager.beginCommit();
        tx.timedOut(commit);
        tx.failNextSend(ApiKeys.PRODUCE);
        tx.engine.time.sleep(2000);
        tx.engine.step();
        assertTrue(sent.isDone());
        assertEquals(0, tx.lastPollTimeoutMs());
        tx.failed(commit, KafkaException.class);
    }
}
