package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Options;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** An engine on a mock client and clock for each test. */
@Timeout(30)
abstract class EngineTest {

    EngineHarness engine;

    EngineHarness start() {
        return start(o -> { });
    }

    EngineHarness start(Consumer<Options> choices) {
        Options options = new Options();
        choices.accept(options);
        engine = new EngineHarness(options);
        return engine;
    }

    @AfterEach
    void close() {
        if (engine != null)
            engine.close();
    }

    static Throwable causeOf(SendResult result) {
        return assertThrows(ExecutionException.class, result::get).getCause();
    }
}
