package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** A producer is closed while a transaction is open. */
class TransactionCloseTest extends TransactionTest {

    @Test
    void shouldEndWhatIsAwaitedWhenClosedForcefully() throws Exception {
        start(Protocol.V1).initialized().opened(0);
        TransactionResult offsets = tx.sendOffsets(0);
        tx.request(ApiKeys.ADD_OFFSETS_TO_TXN);
        tx.engine.sender.forceClose();
        tx.engine.sender.run();
        tx.failed(offsets, KafkaException.class);
    }
}
