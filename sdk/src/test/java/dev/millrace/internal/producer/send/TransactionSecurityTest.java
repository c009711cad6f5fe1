package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Who the producer is, and what it may do. */
class TransactionSecurityTest extends TransactionTest {

    /** As the real client does it: a broker that refused us is not a choice until its backoff is over, and then a new one. */
    @Test
    void shouldTellThatNoBrokerKnowsUs() {
        start(Protocol.V2, o -> o.brokers = 1);
        tx.engine.client.delayReady(tx.node(0), 1000);
        TransactionResult result = tx.manager.initialize();
        tx.timedOut(result);
        tx.engine.client.authenticationFailed(tx.node(0), 500);
        tx.failed(result, SaslAuthenticationException.class);
        assertThrows(KafkaException.class, tx.manager::throwIfError);
    }

    @Test
    void shouldTellThatTheCoordinatorDoesNotKnowUs() {
        start(Protocol.V2);
        TransactionResult result = tx.manager.initialize();
        tx.engine.client.authenticationFailed(tx.node(TransactionHarness.COORDINATOR), 500);
        tx.findCoordinator(Errors.NONE);
        tx.failed(result, SaslAuthenticationException.class);
        assertThrows(KafkaException.class, tx.manager::throwIfError);
    }
}
