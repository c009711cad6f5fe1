package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Records that could not be delivered in time, within a transaction. */
class TransactionExpiryTest extends TransactionTest {

    private static final int DELIVERY_TIMEOUT_MS = 3000;

    private TransactionHarness startHasty(Protocol protocol) {
        return start(protocol, o -> o.deliveryTimeoutMs = DELIVERY_TIMEOUT_MS);
    }

    /** Lets what is on its way expire. */
    private void expire(SendResult sent) {
        tx.settle();
        tx.engine.time.sleep(DELIVERY_TIMEOUT_MS);
        tx.settle();
        assertInstanceOf(TimeoutException.class, causeOf(sent));
    }

    private void abort(Protocol protocol) {
        TransactionResult abort = tx.manager.beginAbort();
        if (protocol == Protocol.V2) {
            tx.endTransactionWithEpoch(1);
        } else {
            tx.endTransaction(Errors.NONE);
            tx.initProducerId(Errors.NONE, 1);
        }
        tx.succeeded(abort);
    }

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldUseThePartitionAgainAfterABatchExpiredOnTheWire(Protocol protocol) throws Exception {
        startHasty(protocol).initialized().opened(0);
        SendResult lost = tx.engine.append(0, "lost");
        tx.request(ApiKeys.PRODUCE);
        expire(lost);
        abort(protocol);

        tx.manager.beginTransaction();
        SendResult next = tx.engine.append(0, "next");
        if (protocol == Protocol.V1)
            tx.addPartitions(Errors.NONE);
        tx.settle();
        EngineHarness.Sent sent = EngineHarness.batches(tx.engine.requests().get(tx.engine.requests().size() - 1)).get(0);
        assertEquals(1, sent.epoch());
        assertEquals(0, sent.sequence());
        // The answer of the batch that was given up changes nothing.
        tx.produce(Errors.NONE, 1);
        assertFalse(next.isDone());
        tx.produce(Errors.NONE, 3);
        assertEquals(3, next.get().offset());
    }

    /** KIP-1050: a time-out that reaches the caller of a transactional method says that aborting helps. */
    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldFailTheCommitThatWaitsWithAnAbortableError(Protocol protocol) throws Exception {
        startHasty(protocol).initialized().opened(0);
        SendResult lost = tx.engine.append(0, "lost");
        tx.request(ApiKeys.PRODUCE);
        TransactionResult commit = tx.manager.beginCommit();
        expire(lost);
        TransactionAbortableException error = tx.failed(commit, TransactionAbortableException.class);
        assertInstanceOf(TimeoutException.class, error.getCause());
        KafkaException next = assertThrows(KafkaException.class, tx.manager::beginTransaction);
        assertInstanceOf(TransactionAbortableException.class, next.getCause());
        assertEquals(0, tx.countSent(ApiKeys.END_TXN));
        abort(protocol);
        tx.manager.beginTransaction();
    }
}
