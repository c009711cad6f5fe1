package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What each kind of request makes of each error that Kafka knows. */
class TransactionErrorsTest extends TransactionTest {

    private enum Then {
        /** The same request again, after {@code retry.backoff.ms}. */
        RETRY,
        /** The same request again, after 20 ms. */
        RETRY_SOON,
        /** Who the coordinator is, at once; and then the same request again. */
        LOOK_UP,
        /** The transaction must be aborted, and then the producer may go on. */
        ABORT,
        /** The producer is of no use any more. */
        FATAL,
        /** The producer may be initialized once more. */
        INITIALIZE_AGAIN
    }

    private record Outcome(Then then, Class<? extends RuntimeException> exception) {
    }

    /** A request in the situation in which it is sent, and the errors that mean something special there. */
    private enum Asked {
        TRANSACTION_COORDINATOR(ApiKeys.FIND_COORDINATOR, Protocol.V1),
        GROUP_COORDINATOR(ApiKeys.FIND_COORDINATOR, Protocol.V2),
        PRODUCER_ID(ApiKeys.INIT_PRODUCER_ID, Protocol.V2),
        PARTITIONS(ApiKeys.ADD_PARTITIONS_TO_TXN, Protocol.V1),
        OFFSETS(ApiKeys.ADD_OFFSETS_TO_TXN, Protocol.V1),
        OFFSET_COMMIT(ApiKeys.TXN_OFFSET_COMMIT, Protocol.V2),
        COMMIT(ApiKeys.END_TXN, Protocol.V1),
        ABORT(ApiKeys.END_TXN, Protocol.V2);

        final ApiKeys api;
        final Protocol protocol;
        private final Map<Errors, Outcome> special = new EnumMap<>(Errors.class);

        Asked(ApiKeys api, Protocol protocol) {
            this.api = api;
            this.protocol = protocol;
        }

        private Asked all(Then then, Class<? extends RuntimeException> exception, Errors... errors) {
            for (Errors error : errors)
                special.put(error, new Outcome(then, exception != null ? exception : error.exception() == null
                        ? null : error.exception().getClass()));
            return this;
        }

        static {
            for (Asked asked : List.of(PRODUCER_ID, PARTITIONS, OFFSETS, COMMIT, ABORT))
                asked.all(Then.LOOK_UP, null, Errors.NOT_COORDINATOR, Errors.COORDINATOR_NOT_AVAILABLE);
            for (Asked asked : List.of(PRODUCER_ID, PARTITIONS, OFFSETS, OFFSET_COMMIT, COMMIT, ABORT))
                asked.all(Then.FATAL, ProducerFencedException.class, Errors.INVALID_PRODUCER_EPOCH, Errors.PRODUCER_FENCED);
            for (Asked asked : List.of(PARTITIONS, OFFSETS, COMMIT, ABORT))
                asked.all(Then.FATAL, null, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Errors.INVALID_TXN_STATE,
                        Errors.INVALID_PRODUCER_ID_MAPPING).all(Then.ABORT, null, Errors.UNKNOWN_PRODUCER_ID);
            for (Asked asked : values())
                asked.all(Then.ABORT, null, Errors.TRANSACTION_ABORTABLE);
            for (Asked asked : List.of(TRANSACTION_COORDINATOR, GROUP_COORDINATOR))
                asked.all(Then.FATAL, null, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
                        .all(Then.ABORT, GroupAuthorizationException.class, Errors.GROUP_AUTHORIZATION_FAILED);
            PRODUCER_ID.all(Then.INITIALIZE_AGAIN, null, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                    Errors.CLUSTER_AUTHORIZATION_FAILED);
            PARTITIONS.all(Then.RETRY_SOON, null, Errors.CONCURRENT_TRANSACTIONS)
                    .all(Then.ABORT, null, Errors.TOPIC_AUTHORIZATION_FAILED);
            OFFSETS.all(Then.ABORT, null, Errors.GROUP_AUTHORIZATION_FAILED);
            OFFSET_COMMIT.all(Then.LOOK_UP, null, Errors.NOT_COORDINATOR, Errors.COORDINATOR_NOT_AVAILABLE,
                            Errors.REQUEST_TIMED_OUT)
                    .all(Then.ABORT, null, Errors.GROUP_AUTHORIZATION_FAILED, Errors.FENCED_INSTANCE_ID)
                    .all(Then.ABORT, CommitFailedException.class, Errors.UNKNOWN_MEMBER_ID, Errors.ILLEGAL_GENERATION)
                    .all(Then.FATAL, null, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT);
            ABORT.all(Then.FATAL, KafkaException.class, Errors.TRANSACTION_ABORTABLE, Errors.UNKNOWN_PRODUCER_ID);
        }

        Outcome outcome(Errors error) {
            Outcome known = special.get(error);
            if (known != null)
                return known;
            if (error.exception() instanceof RetriableException)
                return new Outcome(Then.RETRY, null);
            // Some partitions could not be added: the transaction is none, but the producer is.
            return new Outcome(this == PARTITIONS ? Then.ABORT : Then.FATAL, KafkaException.class);
        }
    }

    /** What waits for the answer: an operation of a caller, or a record. */
    private TransactionResult result;
    private SendResult record;

    private void ask(Asked asked) throws InterruptedException {
        start(asked.protocol);
        result = null;
        record = null;
        switch (asked) {
            case TRANSACTION_COORDINATOR -> result = tx.manager.initialize();
            case PRODUCER_ID -> {
                result = tx.manager.initialize();
                tx.findCoordinator(Errors.NONE);
            }
            case PARTITIONS -> {
                tx.initialized().manager.beginTransaction();
                record = tx.engine.append(0, "a");
            }
            case GROUP_COORDINATOR, OFFSETS -> result = tx.initialized().opened(0).sendOffsets(0, 1);
            case OFFSET_COMMIT -> {
                result = tx.initialized().opened(0).sendOffsets(0, 1);
                tx.findCoordinator(Errors.NONE);
            }
            case COMMIT -> result = tx.initialized().opened(0).manager.beginCommit();
            case ABORT -> result = tx.initialized().opened(0).manager.beginAbort();
            default -> throw new AssertionError(asked);
        }
        tx.request(asked.api);
    }

    private void answer(Asked asked, Errors error) {
        switch (asked.api) {
            case FIND_COORDINATOR -> tx.findCoordinator(error);
            case INIT_PRODUCER_ID -> tx.initProducerId(error, 0);
            case ADD_PARTITIONS_TO_TXN -> tx.addPartitions(error);
            case ADD_OFFSETS_TO_TXN -> tx.addOffsets(error);
            case TXN_OFFSET_COMMIT -> tx.commitOffsets(error);
            case END_TXN -> tx.endTransaction(error);
            default -> throw new AssertionError(asked);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldDoWhatTheErrorSays(Asked asked) {
        List<String> wrong = new ArrayList<>();
        for (Errors error : Errors.values()) {
            if (error == Errors.NONE)
                continue;
            try {
                ask(asked);
                answer(asked, error);
                check(asked, asked.outcome(error));
            } catch (Exception | AssertionError e) {
                wrong.add(error + " should " + asked.outcome(error) + " but: " + e);
            } finally {
                close();
            }
        }
        assertEquals(List.of(), wrong);
    }

    private void check(Asked asked, Outcome outcome) throws InterruptedException {
        switch (outcome.then) {
            case RETRY -> checkRetry(asked, 100);
            case RETRY_SOON -> checkRetry(asked, 20);
            case LOOK_UP -> {
                assertEquals(List.of(ApiKeys.FIND_COORDINATOR), tx.awaiting());
                tx.findCoordinator(Errors.NONE, 0);
                checkRetry(asked, 100);
                assertEquals("0", tx.sent.stream().filter(request -> request.apiKey() == asked.api).reduce((a, b) -> b)
                        .orElseThrow().destination());
            }
            case ABORT -> {
                checkFailed(outcome);
                KafkaException refused = assertThrows(KafkaException.class, tx.manager::throwIfError);
                assertInstanceOf(outcome.exception, refused.getCause());
                assertNull(tx.manager.fatalError());
                abort();
                tx.manager.throwIfError();
                tx.manager.beginTransaction();
            }
            case FATAL -> {
                checkFailed(outcome);
                assertInstanceOf(outcome.exception, tx.manager.fatalError());
                assertThrows(KafkaException.class, tx.manager::beginTransaction);
                assertThrows(KafkaException.class, tx.manager::beginAbort);
                assertThrows(KafkaException.class, tx.manager::initialize);
                assertEquals(List.of(), tx.awaiting());
            }
            case INITIALIZE_AGAIN -> {
                checkFailed(outcome);
                assertNull(tx.manager.fatalError());
                tx.manager.throwIfError();
                TransactionResult again = tx.manager.initialize();
                tx.initProducerId(Errors.NONE, 0);
                tx.succeeded(again);
            }
        }
    }

    private void checkRetry(Asked asked, int backoffMs) {
        assertEquals(List.of(), tx.awaiting());
        tx.engine.time.sleep(backoffMs - 1);
        assertEquals(List.of(), tx.awaiting());
        tx.engine.time.sleep(1);
        assertEquals(List.of(asked.api), tx.awaiting());
        if (result != null)
            tx.timedOut(result);
        else
            assertFalse(record.isDone());
        answer(asked, Errors.NONE);
        tx.manager.throwIfError();
    }

    private void checkFailed(Outcome outcome) {
        tx.settle();
        if (result != null) {
            RuntimeException error = tx.failed(result, outcome.exception);
            assertSame(outcome.exception, error.getClass());
        } else {
            assertTrue(record.isDone());
            assertSame(outcome.exception, causeOf(record).getClass());
        }
    }

    /** Until the producer is ready, whatever that takes. */
    private void abort() {
        TransactionResult abort = tx.manager.beginAbort();
        for (int i = 0; i < 3; i++)
            for (ApiKeys api : tx.awaiting())
                switch (api) {
                    case FIND_COORDINATOR -> tx.findCoordinator(Errors.NONE);
                    case END_TXN -> tx.endTransaction(Errors.NONE);
                    case INIT_PRODUCER_ID -> tx.initProducerId(Errors.NONE, 1);
                    default -> throw new AssertionError(api);
                }
        tx.succeeded(abort);
        assertNotNull(abort);
    }
}
