package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;


import dev.millrace.internal.producer.accumulate.PartitionQueue;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldContinueACommitThatTimedOutAndRefuseAllElse(Protocol protocol) throws Exception {
        start(protocol).initialized().opened(0);
        TransactionResult commit = tx.manager.beginCommit();
        tx.timedOut(commit);
        for (Runnable other : List.<Runnable>of(tx.manager::beginAbort, tx.manager::beginTransaction, tx.manager::initialize,
                () -> tx.sendOffsets(0))) {
            IllegalStateException refused = assertThrows(IllegalStateException.class, other::run);
            assertTrue(refused.getMessage().contains("`commitTransaction` timed out and must be retried"), refused::getMessage);
        }
        assertThrows(IllegalStateException.class, () -> tx.engine.append(0, "a"));
        assertSame(commit, tx.manager.beginCommit());
        tx.timedOut(commit);
        tx.endTransaction(Errors.NONE);
        // It has ended, and nobody was told.
        assertThrows(IllegalStateException.class, tx.manager::beginTransaction);
        tx.succeeded(tx.manager.beginCommit());
        tx.manager.beginTransaction();
        assertEquals(1, tx.countSent(ApiKeys.END_TXN));
    }

    @Test
    void shouldContinueAnAbortThatTimedOut() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult abort = tx.manager.beginAbort();
        tx.timedOut(abort);
        assertThrows(IllegalStateException.class, tx.manager::beginCommit);
        assertSame(abort, tx.manager.beginAbort());
        tx.endTransactionWithEpoch(1);
        tx.succeeded(abort);
    }

    @Test
    void shouldTellWhoRepeatsACommitThatFailedMeanwhile() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        TransactionResult commit = tx.manager.beginCommit();
        tx.timedOut(commit);
        tx.endTransaction(Errors.TRANSACTION_ABORTABLE);
        tx.settle();
        assertThrows(IllegalStateException.class, tx.manager::beginAbort);
        tx.failed(tx.manager.beginCommit(), TransactionAbortableException.class);
        TransactionResult abort = tx.manager.beginAbort();
        tx.endTransactionWithEpoch(1);
        tx.succeeded(abort);
    }

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldSendEverythingBeforeTheEndHoweverLongLingerIs(Protocol protocol) throws Exception {
        start(protocol, o -> o.lingerMs = 60_000).initialized().manager.beginTransaction();
        SendResult first = tx.engine.append(0, "a");
        SendResult second = tx.engine.append(1, "b");
        tx.settle();
        assertFalse(tx.sentApis().contains(ApiKeys.PRODUCE));
        TransactionResult commit = tx.manager.beginCommit();
        if (protocol == Protocol.V1)
            tx.addPartitions(Errors.NONE);
        tx.produce(Errors.NONE, 0);
        first.get();
        assertEquals(List.of(ApiKeys.PRODUCE), tx.awaiting());
        tx.produce(Errors.NONE, 0);
        second.get();
        tx.endTransaction(Errors.NONE);
        tx.succeeded(commit);
        // And again: it is a matter of each transaction.
        tx.manager.beginTransaction();
        tx.engine.append(0, "c");
        tx.settle();
        assertFalse(tx.awaiting().contains(ApiKeys.PRODUCE));
    }

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldFailWhatIsNotSentYetWhenAborted(Protocol protocol) throws Exception {
        start(protocol, o -> o.lingerMs = 1000).initialized().manager.beginTransaction();
        SendResult sent = tx.engine.append(0, "sent");
        if (protocol == Protocol.V1)
            tx.addPartitions(Errors.NONE);
        tx.settle();
        tx.engine.time.sleep(1000);
        tx.request(ApiKeys.PRODUCE);
        SendResult unsent = tx.engine.append(0, "unsent");
        SendResult elsewhere = tx.engine.append(1, "elsewhere");
        TransactionResult abort = tx.manager.beginAbort();
        tx.settle();
        assertInstanceOf(TransactionAbortedException.class, causeOf(unsent));
        assertInstanceOf(TransactionAbortedException.class, causeOf(elsewhere));
        // What is on the wire is waited for: it may be written before the end, or after it.
        assertFalse(sent.isDone());
        assertEquals(0, tx.countSent(ApiKeys.END_TXN));
        tx.produce(Errors.NONE, 0);
        sent.get();
        tx.endTransaction(Errors.NONE);
        tx.succeeded(abort);
        assertEquals(protocol == Protocol.V1 ? 1 : 0, tx.countSent(ApiKeys.ADD_PARTITIONS_TO_TXN));
    }

    @Test
    void shouldFailWhatIsNotSentYetWithTheErrorThatStandsInItsWay() throws Exception {
        start(Protocol.V2, o -> o.lingerMs = 1000).initialized().opened();
        SendResult unsent = tx.engine.append(0, "unsent");
        RecordTooLargeException error = new RecordTooLargeException("no");
        tx.manager.recordRefused(error);
        tx.settle();
        assertSame(error, causeOf(unsent));
        KafkaException refused = assertThrows(KafkaException.class, () -> tx.engine.append(0, "b"));
        assertSame(error, refused.getCause());
        assertSame(error, assertThrows(KafkaException.class, tx.manager::beginCommit).getCause());
        // Nothing of it ever reached a broker.
        tx.succeeded(tx.manager.beginAbort());
        assertFalse(tx.sentApis().contains(ApiKeys.END_TXN));
    }

    @Test
    void shouldHoldAPartitionUntilItIsAddedWhileOthersGoOn() throws Exception {
        start(Protocol.V1).initialized().opened(0);
        SendResult held = tx.engine.append(1, "held");
        tx.request(ApiKeys.ADD_PARTITIONS_TO_TXN);
        SendResult other = tx.engine.append(0, "other");
        assertEquals(List.of("other"), tx.produced().values());
        tx.produce(Errors.NONE, 1);
        other.get();
        tx.engine.append(2, "later");
        assertEquals(List.of(ApiKeys.ADD_PARTITIONS_TO_TXN), tx.awaiting());
        tx.addPartitions(Errors.NONE);
        assertEquals(List.of("held"), tx.produced().values());
        tx.produce(Errors.NONE, 0);
        held.get();
        assertEquals(2, tx.partitionsToAdd().get(0).partition());
    }

    @Test
    void shouldNotAddPartitionsOfATransactionThatIsAborted() throws Exception {
        start(Protocol.V1).initialized().manager.beginTransaction();
        SendResult unsent = tx.engine.append(0, "unsent");
        tx.succeeded(tx.manager.beginAbort());
        assertInstanceOf(TransactionAbortedException.class, causeOf(unsent));
        assertFalse(tx.sentApis().contains(ApiKeys.ADD_PARTITIONS_TO_TXN));
        assertFalse(tx.sentApis().contains(ApiKeys.END_TXN));
    }

    /** It was asked for, so the coordinator has it, and must be told. */
    @Test
    void shouldEndATransactionWhosePartitionsWereBeingAddedWhenItWasAborted() throws Exception {
        start(Protocol.V1).initialized().manager.beginTransaction();
        SendResult unsent = tx.engine.append(0, "unsent");
        tx.request(ApiKeys.ADD_PARTITIONS_TO_TXN);
        TransactionResult abort = tx.manager.beginAbort();
        tx.addPartitions(Errors.NONE);
        assertInstanceOf(TransactionAbortedException.class, causeOf(unsent));
        tx.endTransaction(Errors.NONE);
        tx.succeeded(abort);
        assertFalse(tx.sentApis().contains(ApiKeys.PRODUCE));
    }

    @Test
    void shouldRefuseWhatDoesNotFitTheState() throws Exception {
        start(Protocol.V2);
        assertThrows(IllegalStateException.class, tx.manager::beginTransaction);
        assertThrows(IllegalStateException.class, tx.manager::beginCommit);
        assertThrows(IllegalStateException.class, () -> tx.engine.append(0, "a"));
        tx.initialized();
        assertThrows(IllegalStateException.class, tx.manager::initialize);
        assertThrows(IllegalStateException.class, tx.manager::beginCommit);
        assertThrows(IllegalStateException.class, tx.manager::beginAbort);
        assertThrows(IllegalStateException.class, () -> tx.sendOffsets(0));
        assertThrows(IllegalStateException.class, () -> tx.engine.append(0, "a"));
        tx.opened(0);
        assertThrows(IllegalStateException.class, tx.manager::beginTransaction);
        TransactionResult commit = tx.manager.beginCommit();
        tx.endTransactionWithEpoch(1);
        tx.succeeded(commit);
        tx.manager.beginTransaction();
    }

    /** Whoever holds the partition's lock may be about to add a record that was let in before the commit began. */
    @Test
    void shouldNotEndATransactionWhileARecordIsBeingAppended() throws Exception {
        start(Protocol.V2).initialized().opened(0);
        PartitionQueue queue = tx.engine.accumulator.topic(EngineHarness.TOPIC).queue(0);
        TransactionResult commit = tx.manager.beginCommit();
        Thread sender = new Thread(tx.engine::step, "sends the commit");
        synchronized (queue) {
            sender.start();
            while (sender.isAlive() && sender.getState() != Thread.State.BLOCKED)
                Thread.yield();
            assertEquals(0, tx.countSent(ApiKeys.END_TXN));
        }
        sender.join();
        tx.endTransactionWithEpoch(1);
        tx.succeeded(commit);
    }
}
