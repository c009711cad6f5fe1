package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Coordinators move, go away, and come back. */
class TransactionCoordinatorTest extends TransactionTest {

    /** The connection breaks with the request on it: the coordinator is looked up, at once, and asked again. */
    private void breakConnection(ApiKeys api, int node) {
        tx.request(api);
        tx.disconnect(node);
        assertEquals(List.of(ApiKeys.FIND_COORDINATOR), tx.awaiting());
        tx.findCoordinator(Errors.NONE, 0);
        assertEquals(List.of(), tx.awaiting());
        tx.engine.time.sleep(100);
        assertEquals("0", tx.request(api).destination());
    }

    @Test
    void shouldAskTheNextBrokerWhenTheConnectionBreaksInALookUp() {
        start(Protocol.V2);
        TransactionResult result = tx.manager.initialize();
        tx.disconnect(Integer.parseInt(tx.request(ApiKeys.FIND_COORDINATOR).destination()));
        assertEquals(List.of(), tx.awaiting());
        tx.engine.time.sleep(100);
        tx.findCoordinator(Errors.NONE);
        tx.initProducerId(Errors.NONE, 0);
        tx.succeeded(result);
    }

    @Test
    void shouldInitializeWithTheNextCoordinator() {
        start(Protocol.V2);
        TransactionResult result = tx.manager.initialize();
        tx.findCoordinator(Errors.NONE);
        breakConnection(ApiKeys.INIT_PRODUCER_ID, TransactionHarness.COORDINATOR);
        tx.initProducerId(Errors.NONE, 0);
        tx.succeeded(result);
    }

    @Test
    void shouldAddPartitionsAtTheNextCoordinator() throws Exception {
        start(Protocol.V1).initialized().manager.beginTransaction();
        tx.engine.append(0, "a");
        breakConnection(ApiKeys.ADD_PARTITIONS_TO_TXN, TransactionHarness.COORDINATOR);
        tx.addPartitions(Errors.NONE);
        assertEquals(List.of("a"), tx.produced().values());
    }

    @Test
    void shouldAddOffsetsAtTheNextCoordinator() {
        start(Protocol.V1).initialized().manager.beginTransaction();
        TransactionResult result = tx.sendOffsets(0);
        breakConnection(ApiKeys.ADD_OFFSETS_TO_TXN, TransactionHarness.COORDINATOR);
        tx.addOffsets(Errors.NONE);
        tx.findCoordinator(Errors.NONE);
        tx.commitOffsets(Errors.NONE);
        tx.succeeded(result);
    }

    @Test
    void shouldCommitOffsetsAtTheGroupsNextCoordinator() {
        start(Protocol.V2).initialized().manager.beginTransaction();
        TransactionResult result = tx.sendOffsets(0);
        tx.findCoordinator(Errors.NONE);
        breakConnection(ApiKeys.TXN_OFFSET_COMMIT, TransactionHarness.GROUP_COORDINATOR);
        tx.commitOffsets(Errors.NONE);
        tx.succeeded(result);
        tx.manager.beginCommit();
        assertEquals("1", tx.request(ApiKeys.END_TXN).destination());
    }

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldEndTheTransactionAtTheNextCoordinator(Protocol protocol) throws Exception {
        start(protocol).initialized().opened(0);
        TransactionResult commit = tx.manager.beginCommit();
        breakConnection(ApiKeys.END_TXN, TransactionHarness.COORDINATOR);
        assertEquals(0, tx.body(ApiKeys.END_TXN, EndTxnRequest.class).data().producerEpoch());
        tx.timedOut(commit);
        tx.endTransaction(Errors.NONE);
        tx.succeeded(commit);
    }

    @Test
    void shouldRaiseTheEpochAtTheNextCoordinator() throws Exception {
        start(Protocol.V1).initialized().opened(0);
        tx.cluster(Protocol.V2);
        TransactionResult commit = tx.manager.beginCommit();
        tx.endTransaction(Errors.NONE);
        breakConnection(ApiKeys.INIT_PRODUCER_ID, TransactionHarness.COORDINATOR);
        tx.initProducerId(Errors.NONE, 1);
        tx.succeeded(commit);
    }

    /** The coordinator is known and gone; nothing was on its way. */
    @Test
    void shouldLookUpACoordinatorThatCannotBeReached() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        tx.engine.client.setUnreachable(tx.node(TransactionHarness.COORDINATOR), 60_000);
        TransactionResult commit = tx.manager.beginCommit();
        for (int i = 0; i < 3; i++) {
            // Nobody has noticed yet that it is another.
            tx.findCoordinator(Errors.NONE);
            assertEquals(List.of(), tx.awaiting());
            tx.engine.time.sleep(100);
        }
        tx.findCoordinator(Errors.NONE, 0);
        tx.settleAfterBackoff();
        tx.endTransactionWithEpoch(1);
        tx.succeeded(commit);
    }

    @Test
    void shouldWaitForABrokerWhenNoneCanBeReached() {
        start(Protocol.V2);
        for (int node = 0; node < 3; node++)
            tx.engine.client.backoff(tx.node(node), 1000);
        TransactionResult result = tx.manager.initialize();
        assertEquals(List.of(), tx.awaiting());
        tx.engine.time.sleep(1000);
        tx.findCoordinator(Errors.NONE);
        tx.initProducerId(Errors.NONE, 0);
        tx.succeeded(result);
    }

    @Test
    void shouldGoOnSendingWhileTheCoordinatorIsSilent() throws Exception {
        start(Protocol.V2).initialized().manager.beginTransaction();
        tx.sendOffsets(0);
        tx.findCoordinator(Errors.NONE);
        tx.request(ApiKeys.TXN_OFFSET_COMMIT);
        SendResult sent = tx.engine.append(0, "a");
        tx.produce(Errors.NONE, 0);
        sent.get();
        tx.manager.beginCommit();
        assertEquals(List.of(ApiKeys.TXN_OFFSET_COMMIT), tx.awaiting());
    }

    @Test
    void shouldRepeatTheOffsetsThatWereNotCommitted() {
        start(Protocol.V2).initialized().manager.beginTransaction();
        TransactionResult result = tx.sendOffsets(0, 1);
        tx.findCoordinator(Errors.NONE);
        Map<TopicPartition, Errors> errors = new HashMap<>();
        errors.put(new TopicPartition("input", 0), Errors.NONE);
        errors.put(new TopicPartition("input", 1), Errors.UNKNOWN_TOPIC_OR_PARTITION);
        tx.commitOffsets(errors);
        tx.timedOut(result);
        tx.engine.time.sleep(100);
        assertEquals(Set.of(new TopicPartition("input", 1)),
                tx.body(ApiKeys.TXN_OFFSET_COMMIT, TxnOffsetCommitRequest.class).offsets().keySet());
        tx.commitOffsets(Errors.NONE);
        tx.succeeded(result);
    }

    /** A topic that is gone: the offsets can't be committed, and must not be in the way of the abort. */
    @Test
    void shouldNotRepeatOffsetsOfATransactionThatIsAborted() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult offsets = tx.sendOffsets(0);
        tx.findCoordinator(Errors.NONE);
        tx.request(ApiKeys.TXN_OFFSET_COMMIT);
        TransactionResult abort = tx.manager.beginAbort();
        tx.commitOffsets(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        tx.failed(offsets, KafkaException.class);
        tx.endTransactionWithEpoch(1);
        tx.succeeded(abort);
    }

    @Test
    void shouldHaveOneRequestOnTheWayAtATime() throws Exception {
        start(Protocol.V1).initialized().manager.beginTransaction();
        tx.engine.append(0, "a");
        TransactionResult offsets = tx.sendOffsets(0);
        TransactionResult commit = tx.manager.beginCommit();
        finish();
        tx.succeeded(offsets);
        tx.succeeded(commit);
        assertEquals(ApiKeys.END_TXN, tx.sentApis().get(tx.sent.size() - 1));
    }

    private void finish() {
        for (List<ApiKeys> waiting; !(waiting = tx.awaiting()).isEmpty(); ) {
            assertFalse(waiting.stream().filter(api -> api != ApiKeys.PRODUCE).count() > 1, waiting::toString);
            switch (waiting.get(0)) {
                case FIND_COORDINATOR -> tx.findCoordinator(Errors.NONE);
                case ADD_PARTITIONS_TO_TXN -> tx.addPartitions(Errors.NONE);
                case ADD_OFFSETS_TO_TXN -> tx.addOffsets(Errors.NONE);
                case TXN_OFFSET_COMMIT -> tx.commitOffsets(Errors.NONE);
                case END_TXN -> tx.endTransaction(Errors.NONE);
                default -> tx.produce(Errors.NONE, 0);
            }
        }
    }

    /** A broker that does not know the request in a version that would do; the client finds out as it sends it. */
    @Test
    void shouldGiveUpWhenARequestIsNotSupported() {
        start(Protocol.V2).initialized().manager.beginTransaction();
        TransactionResult result = tx.sendOffsets(0);
        tx.request(ApiKeys.FIND_COORDINATOR);
        tx.engine.client.prepareUnsupportedVersionResponse(TxnOffsetCommitRequest.class::isInstance);
        tx.findCoordinator(Errors.NONE);
        tx.failed(result, UnsupportedVersionException.class);
        assertInstanceOf(UnsupportedVersionException.class, tx.manager.fatalError());
        assertThrows(KafkaException.class, tx.manager::beginAbort);
    }

    @Test
    void shouldGiveUpWhenARequestCannotBeSent() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        tx.failNextSend(ApiKeys.END_TXN);
        TransactionResult commit = tx.manager.beginCommit();
        tx.failed(commit, KafkaException.class);
        assertInstanceOf(IllegalStateException.class, tx.manager.fatalError().getCause());
    }

    /** Of a broker before KIP-360 whose memory of the producer is gone: no epoch can mend that. */
    @Test
    void shouldGiveUpWhenAnOldCoordinatorForgotTheProducer() throws Exception {
        start(Protocol.OLD).initialized().manager.beginTransaction();
        tx.engine.append(0, "a");
        tx.addPartitions(Errors.UNKNOWN_PRODUCER_ID);
        tx.settle();
        assertEquals(Errors.UNKNOWN_PRODUCER_ID.exception().getClass(), tx.manager.fatalError().getClass());
    }
}
