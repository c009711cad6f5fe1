package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.ProduceRequest;
import org.junit.jupiter.api.Test;

/** The protocol changes while the producer lives: with a transaction's end, never within one. */
class TransactionProtocolTest extends TransactionTest {

    private short produceVersion() {
        ClientRequest produce = tx.request(ApiKeys.PRODUCE);
        return produce.requestBuilder().latestAllowedVersion();
    }

    @Test
    void shouldTakeTheNextEpochBeforeTheFirstTransactionInTheNewProtocol() throws Exception {
        start(Protocol.V1).initialized().opened(0);
        tx.cluster(Protocol.V2);
        tx.engine.append(1, "still old");
        tx.addPartitions(Errors.NONE);
        assertEquals(ProduceRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2, produceVersion());
        tx.produce(Errors.NONE, 0);
        TransactionResult commit = tx.manager.beginCommit();
        assertEquals(EndTxnRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2,
                TransactionHarness.body(tx.request(ApiKeys.END_TXN), EndTxnRequest.class).version());
        tx.endTransaction(Errors.NONE);
        assertEquals(0, tx.body(ApiKeys.INIT_PRODUCER_ID, InitProducerIdRequest.class).data().producerEpoch());
        tx.timedOut(commit);
        tx.initProducerId(Errors.NONE, 1);
        tx.succeeded(commit);
        tx.manager.beginTransaction();
        tx.engine.append(0, "new");
        assertTrue(produceVersion() > ProduceRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2);
        assertEquals(1, tx.produced().epoch());
        assertEquals(0, tx.produced().sequence());
        assertEquals(1, tx.countSent(ApiKeys.ADD_PARTITIONS_TO_TXN) - 1);
    }

    @Test
    void shouldSendTheRestOfATransactionInTheProtocolItBeganWithWhenUpgraded() throws Exception {
        start(Protocol.V1, o -> o.lingerMs = 1000).initialized();
        tx.manager.beginTransaction();
        tx.engine.append(0, "a");
        tx.addPartitions(Errors.NONE);
        tx.cluster(Protocol.V2);
        tx.manager.beginCommit();
        assertEquals(ProduceRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2, produceVersion());
    }

    /** Nobody has added the partition: in the older protocol the broker would refuse the batch. */
    @Test
    void shouldSendTheRestOfATransactionInTheProtocolItBeganWithWhenDowngraded() throws Exception {
        start(Protocol.V2, o -> o.lingerMs = 1000).initialized();
        tx.manager.beginTransaction();
        tx.engine.append(0, "a");
        tx.cluster(Protocol.V1);
        TransactionResult commit = tx.manager.beginCommit();
        assertTrue(produceVersion() > ProduceRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2);
        tx.produce(Errors.NONE, 0);
        assertTrue(tx.body(ApiKeys.END_TXN, EndTxnRequest.class).version()
                > EndTxnRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2);
        tx.endTransactionWithEpoch(1);
        tx.succeeded(commit);
        assertFalse(tx.sentApis().contains(ApiKeys.ADD_PARTITIONS_TO_TXN));

        tx.manager.beginTransaction();
        tx.engine.append(0, "b");
        tx.addPartitions(Errors.NONE);
        tx.engine.time.sleep(1000);
        assertEquals(ProduceRequest.LAST_STABLE_VERSION_BEFORE_TRANSACTION_V2, produceVersion());
        assertEquals(1, tx.produced().epoch());
        assertEquals(0, tx.produced().sequence());
    }
}
