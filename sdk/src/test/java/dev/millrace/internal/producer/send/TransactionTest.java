package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Options;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A transactional engine for each test. */
@Timeout(30)
abstract class TransactionTest {

    TransactionHarness tx;

    TransactionHarness start(Protocol protocol, Consumer<Options> choices) {
        tx = new TransactionHarness(protocol, choices);
        return tx;
    }

    TransactionHarness start(Protocol protocol) {
        return start(protocol, o -> { });
    }

    @AfterEach
    void close() {
        if (tx != null)
            tx.close();
    }

    static Throwable causeOf(SendResult result) {
        return assertThrows(ExecutionException.class, result::get).getCause();
    }
}
