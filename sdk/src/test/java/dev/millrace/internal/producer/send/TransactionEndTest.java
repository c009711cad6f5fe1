package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertNull;

import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;

/** When a transaction ends, and what is done about what it has not sent yet. */
class TransactionEndTest extends TransactionTest {

    /** A caller may append and commit between the sender's look at the batches and its look at the requests. */
    @Test
    void shouldNotEndATransactionOnNewsOfTheOneBefore() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult first = tx.manager.beginCommit();
        assertNull(tx.manager.next(0, false));
        tx.request(ApiKeys.END_TXN);
        tx.endTransactionWithEpoch(1);
        tx.succeeded(first);
        tx.opened(0);
        TransactionResult second = tx.manager.beginCommit();
        assertNull(tx.manager.next(1, false));
        tx.request(ApiKeys.END_TXN);
        tx.endTransactionWithEpoch(2);
        tx.succeeded(second);
    }
}
