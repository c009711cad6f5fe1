package dev.millrace.internal.producer.send;

import static dev.millrace.internal.producer.send.TransactionHarness.GROUP;
import static dev.millrace.internal.producer.send.TransactionHarness.ID;
import static dev.millrace.internal.producer.send.TransactionHarness.PRODUCER_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.List;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.AddOffsetsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.EndTxnResponse;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which requests a transaction takes, in which order, to whom, with what in them. */
class TransactionWireTest extends TransactionTest {

    private void assertNext(ApiKeys api, int node) {
        assertEquals(List.of(api), tx.awaiting());
        assertEquals(Integer.toString(node), tx.request(api).destination());
    }

    private void assertProduced(short epoch, int sequence, boolean v1) {
        assertNext(ApiKeys.PRODUCE, 0);
        ClientRequest request = tx.request(ApiKeys.PRODUCE);
        ProduceRequest produce = TransactionHarness.body(request, ProduceRequest.class);
        assertEquals(v1 ? ProduceRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2 : ApiKeys.PRODUCE.latestVersion(),
                produce.version());
        assertEquals(ID, produce.data().transactionalId());
        MemoryRecords records = (MemoryRecords) produce.data().topicData().iterator().next().partitionData().get(0).records();
        RecordBatch batch = records.batches().iterator().next();
        assertTrue(batch.isTransactional());
        assertEquals(0x10, records.buffer().getShort(21) & 0x10, "attributes");
        assertEquals(PRODUCER_ID, batch.producerId());
        assertEquals(epoch, batch.producerEpoch());
        assertEquals(sequence, batch.baseSequence());
    }

    private void assertEndTxn(boolean commit, short epoch, short version) {
        assertNext(ApiKeys.END_TXN, TransactionHarness.COORDINATOR);
        EndTxnRequest end = tx.body(ApiKeys.END_TXN, EndTxnRequest.class);
        assertEquals(version, end.version());
        assertEquals(new EndTxnRequestData().setTransactionalId(ID).setProducerId(PRODUCER_ID).setProducerEpoch(epoch)
                .setCommitted(commit), end.data());
    }

    private void assertOffsetsCommitted(short epoch, short version) {
        assertEquals(List.of(ApiKeys.FIND_COORDINATOR), tx.awaiting());
        FindCoordinatorRequest find = tx.body(ApiKeys.FIND_COORDINATOR, FindCoordinatorRequest.class);
        assertEquals(FindCoordinatorRequest.CoordinatorType.GROUP.id(), find.data().keyType());
        tx.findCoordinator(Errors.NONE);
        assertNext(ApiKeys.TXN_OFFSET_COMMIT, TransactionHarness.GROUP_COORDINATOR);
        TxnOffsetCommitRequest request = tx.body(ApiKeys.TXN_OFFSET_COMMIT, TxnOffsetCommitRequest.class);
        assertEquals(version, request.version());
        TxnOffsetCommitRequestData data = request.data();
        assertEquals(List.of(ID, GROUP, PRODUCER_ID, epoch, 7, "member"), List.of(data.transactionalId(), data.groupId(),
                data.producerId(), data.producerEpoch(), data.generationId(), data.memberId()));
        assertEquals(100, request.offsets().get(new TopicPartition("input", 0)).offset);
        assertEquals(101, request.offsets().get(new TopicPartition("input", 1)).offset);
    }

    private void initialize() {
        TransactionResult result = tx.manager.initialize();
        assertEquals(List.of(ApiKeys.FIND_COORDINATOR), tx.awaiting());
        FindCoordinatorRequest find = tx.body(ApiKeys.FIND_COORDINATOR, FindCoordinatorRequest.class);
        assertEquals(FindCoordinatorRequest.CoordinatorType.TRANSACTION.id(), find.data().keyType());
        tx.findCoordinator(Errors.NONE);
        assertNext(ApiKeys.INIT_PRODUCER_ID, TransactionHarness.COORDINATOR);
        assertEquals(new InitProducerIdRequestData().setTransactionalId(ID).setTransactionTimeoutMs(60_000)
                        .setProducerId(-1).setProducerEpoch((short) -1),
                tx.body(ApiKeys.INIT_PRODUCER_ID, InitProducerIdRequest.class).data());
        tx.timedOut(result);
        tx.initProducerId(Errors.NONE, 0);
        tx.succeeded(result);
        tx.manager.initialized();
    }

    @Test
    void shouldAddBeforeUseAndKeepTheEpochInTheOlderProtocol() throws Exception {
        start(Protocol.V1);
        initialize();
        for (int transaction = 0; transaction < 2; transaction++) {
            tx.manager.beginTransaction();
            SendResult sent = tx.engine.append(0, "a");
            assertNext(ApiKeys.ADD_PARTITIONS_TO_TXN, TransactionHarness.COORDINATOR);
            AddPartitionsToTxnRequest add = (AddPartitionsToTxnRequest) tx.request(ApiKeys.ADD_PARTITIONS_TO_TXN)
                    .requestBuilder().build(tx.request(ApiKeys.ADD_PARTITIONS_TO_TXN).requestBuilder().latestAllowedVersion());
            assertTrue(add.version() <= 3, "later ones are for brokers");
            assertEquals(List.of(new TopicPartition(EngineHarness.TOPIC, 0)), tx.partitionsToAdd());
            tx.addPartitions(Errors.NONE);
            assertProduced((short) 0, 2 * transaction, true);
            tx.produce(Errors.NONE, 0);
            sent.get();
            tx.engine.append(0, "b");
            assertProduced((short) 0, 2 * transaction + 1, true);
            tx.produce(Errors.NONE, 1);
            TransactionResult end = transaction == 0 ? tx.manager.beginCommit() : tx.manager.beginAbort();
            assertEndTxn(transaction == 0, (short) 0, EndTxnRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2);
            tx.timedOut(end);
            tx.endTransaction(Errors.NONE);
            tx.succeeded(end);
        }
    }

    @Test
    void shouldAddNothingAndTakeTheEpochOfEachEndInTheNewerProtocol() throws Exception {
        start(Protocol.V2);
        initialize();
        for (short epoch = 0; epoch < 3; epoch++) {
            tx.manager.beginTransaction();
            SendResult sent = tx.engine.append(0, "a");
            assertProduced(epoch, 0, false);
            tx.produce(Errors.NONE, 0);
            sent.get();
            tx.engine.append(0, "b");
            assertProduced(epoch, 1, false);
            tx.produce(Errors.NONE, 1);
            TransactionResult end = epoch % 2 == 0 ? tx.manager.beginCommit() : tx.manager.beginAbort();
            assertEndTxn(epoch % 2 == 0, epoch, ApiKeys.END_TXN.latestVersion());
            tx.endTransactionWithEpoch(epoch + 1);
            tx.succeeded(end);
        }
        assertEquals(0, tx.countSent(ApiKeys.ADD_PARTITIONS_TO_TXN));
        assertEquals(1, tx.countSent(ApiKeys.INIT_PRODUCER_ID));
        assertEquals(1, tx.countSent(ApiKeys.FIND_COORDINATOR));
    }

    @Test
    void shouldTakeAnotherIdWithTheEndOfATransaction() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult end = tx.manager.beginCommit();
        tx.request(ApiKeys.END_TXN);
        tx.answer(ApiKeys.END_TXN, new EndTxnResponse(new EndTxnResponseData().setProducerId(9).setProducerEpoch((short) 0)));
        tx.succeeded(end);
        tx.manager.beginTransaction();
        tx.engine.append(0, "a");
        assertEquals(9, tx.produced().producerId());
        assertEquals(0, tx.produced().epoch());
        assertEquals(0, tx.produced().sequence());
    }

    @Test
    void shouldAddAGroupBeforeItsOffsetsInTheOlderProtocol() {
        start(Protocol.V1).initialized().manager.beginTransaction();
        TransactionResult offsets = tx.sendOffsets(0, 1);
        assertNext(ApiKeys.ADD_OFFSETS_TO_TXN, TransactionHarness.COORDINATOR);
        assertEquals(new AddOffsetsToTxnRequestData().setTransactionalId(ID).setProducerId(PRODUCER_ID)
                .setProducerEpoch((short) 0).setGroupId(GROUP),
                tx.body(ApiKeys.ADD_OFFSETS_TO_TXN, AddOffsetsToTxnRequest.class).data());
        tx.addOffsets(Errors.NONE);
        tx.timedOut(offsets);
        assertOffsetsCommitted((short) 0, TxnOffsetCommitRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2);
        tx.commitOffsets(Errors.NONE);
        tx.succeeded(offsets);
        // Offsets alone make it a transaction.
        tx.manager.beginCommit();
        assertEndTxn(true, (short) 0, EndTxnRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2);
    }

    @Test
    void shouldCommitOffsetsAtOnceInTheNewerProtocol() {
        start(Protocol.V2).initialized().manager.beginTransaction();
        TransactionResult offsets = tx.sendOffsets(0, 1);
        assertOffsetsCommitted((short) 0, ApiKeys.TXN_OFFSET_COMMIT.latestVersion());
        tx.commitOffsets(Errors.NONE);
        tx.succeeded(offsets);
        assertEquals(0, tx.countSent(ApiKeys.ADD_OFFSETS_TO_TXN));
        tx.manager.beginCommit();
        assertEndTxn(true, (short) 0, ApiKeys.END_TXN.latestVersion());
    }

    /** Nothing was asked of the coordinator, so that there is nothing to end. */
    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldEndAnEmptyTransactionWithoutAsking(Protocol protocol) throws Exception {
        start(protocol).initialized();
        for (int i = 0; i < 2; i++) {
            tx.manager.beginTransaction();
            tx.succeeded(i == 0 ? tx.manager.beginCommit() : tx.manager.beginAbort());
        }
        assertEquals(List.of(ApiKeys.FIND_COORDINATOR, ApiKeys.INIT_PRODUCER_ID), tx.sentApis());
        tx.opened(0);
        assertEquals(1, tx.countSent(ApiKeys.PRODUCE));
    }

    @Test
    void shouldAddThePartitionsOfManyRecordsAtOnce() throws Exception {
        start(Protocol.V1).initialized().manager.beginTransaction();
        tx.engine.append(0, "a");
        tx.engine.append(1, "b");
        tx.engine.append(0, "c");
        assertEquals(2, tx.partitionsToAdd().size());
        tx.addPartitions(Errors.NONE);
        tx.engine.append(1, "d");
        tx.settle();
        assertEquals(1, tx.countSent(ApiKeys.ADD_PARTITIONS_TO_TXN));
    }
}
