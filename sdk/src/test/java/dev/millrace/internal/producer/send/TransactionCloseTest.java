package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.EndTxnResponse;
import org.junit.jupiter.api.Test;

/** A producer is closed while a transaction is open. */
class TransactionCloseTest extends TransactionTest {

    private void prepareEnd(boolean commit) {
        tx.engine.client.prepareResponse(body -> body instanceof EndTxnRequest end && end.data().committed() == commit,
                new EndTxnResponse(new EndTxnResponseData()));
    }

    private void close(boolean forced) {
        if (forced)
            tx.engine.sender.forceClose();
        else
            tx.engine.sender.initiateClose();
        tx.engine.sender.run();
        assertFalse(tx.engine.client.active());
    }

    @Test
    void shouldAbortATransactionThatIsOpen() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        prepareEnd(false);
        close(false);
        assertEquals(1, tx.countSent(ApiKeys.END_TXN));
    }

    @Test
    void shouldAbortATransactionThatHasAnError() throws Exception {
        start(Protocol.V1, o -> o.lingerMs = 1000).initialized();
        tx.manager.beginTransaction();
        SendResult added = tx.engine.append(0, "a");
        tx.addPartitions(Errors.NONE);
        RecordTooLargeException error = new RecordTooLargeException("no");
        tx.manager.recordRefused(error);
        prepareEnd(false);
        close(false);
        assertSame(error, causeOf(added));
        assertEquals(1, tx.countSent(ApiKeys.END_TXN));
    }

    @Test
    void shouldWaitForACommitThatIsOnItsWay() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult commit = tx.manager.beginCommit();
        tx.timedOut(commit);
        tx.engine.client.respondToRequest(tx.request(ApiKeys.END_TXN), new EndTxnResponse(new EndTxnResponseData()));
        close(false);
        tx.succeeded(commit);
        assertEquals(1, tx.countSent(ApiKeys.END_TXN));
    }

    @Test
    void shouldSendACommitThatWaits() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult commit = tx.manager.beginCommit();
        prepareEnd(true);
        close(false);
        tx.succeeded(commit);
    }

    @Test
    void shouldEndWithoutATransaction() {
        start(Protocol.V2).initialized();
        close(false);
        assertFalse(tx.sentApis().contains(ApiKeys.END_TXN));
    }

    @Test
    void shouldEndWithoutAnIdToo() {
        start(Protocol.V2);
        tx.manager.initialize();
        close(false);
        assertTrue(tx.sent.isEmpty());
    }

    @Test
    void shouldEndWhenNothingCanBeDone() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult commit = tx.manager.beginCommit();
        tx.endTransaction(Errors.PRODUCER_FENCED);
        close(false);
        tx.failed(commit, KafkaException.class);
    }

    @Test
    void shouldEndWhatIsAwaitedWhenClosedForcefully() throws Exception {
        start(Protocol.V1).initialized().opened(0);
        TransactionResult offsets = tx.sendOffsets(0);
        tx.request(ApiKeys.ADD_OFFSETS_TO_TXN);
        close(true);
        tx.failed(offsets, KafkaException.class);
    }

    @Test
    void shouldFailEverythingWhenClosedForcefully() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        SendResult onTheWire = tx.engine.append(0, "on the wire");
        tx.request(ApiKeys.PRODUCE);
        SendResult queued = tx.engine.append(1, "queued");
        TransactionResult commit = tx.manager.beginCommit();
        close(true);
        tx.failed(commit, KafkaException.class);
        assertEquals("Producer is closed forcefully.", causeOf(onTheWire).getMessage());
        assertEquals("Producer is closed forcefully.", causeOf(queued).getMessage());
        assertFalse(tx.sentApis().contains(ApiKeys.END_TXN));
    }
}
