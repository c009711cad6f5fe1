package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Options;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

/**
 * What nobody expects to throw throws: here a log, as logging libraries do when they are told to and a disk is full. A batch that
 * was taken off the wire or out of its queue gets to its end all the same, or flush and close would wait for it for ever.
 */
class UnexpectedErrorsTest extends TransactionTest {

    private EngineHarness engine;

    /** Throws whenever something is logged that begins so. */
    private static Consumer<Options> failingLog(String start) {
        return options -> options.log = forClass -> (Logger) Proxy.newProxyInstance(Logger.class.getClassLoader(),
                new Class<?>[] {Logger.class}, (proxy, method, args) -> {
                    if (args != null && args[0] instanceof String text && text.startsWith(start))
                        throw new IllegalStateException("No space left on device");
                    return method.getReturnType() == boolean.class ? false : null;
                });
    }

    private void startEngine(Consumer<Options> choices) {
        Options options = new Options();
        choices.accept(options);
        engine = new EngineHarness(options);
    }

    @Override
    void close() {
        super.close();
        if (engine != null)
            engine.close();
    }

    @Test
    void shouldSendAgainThoughThatCannotBeLogged() throws Exception {
        startEngine(failingLog("Got {} for {}, retrying"));
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.NOT_ENOUGH_REPLICAS, -1);
        engine.stepAfterBackoff();
        engine.respond(0, Errors.NONE, 5);
        assertEquals(5, result.get().offset());
        assertFalse(engine.accumulator.hasIncomplete());
    }

    @Test
    void shouldAskForTheLeaderThoughThatCannotBeLogged() throws Exception {
        startEngine(failingLog("Got {} for {}; asking"));
        SendResult result = engine.send(0, "a");
        engine.respond(0, Errors.NOT_LEADER_OR_FOLLOWER, -1);
        assertTrue(engine.metadata.updateRequested());
        engine.stepAfterBackoff();
        engine.respond(0, Errors.NONE, 5);
        assertEquals(5, result.get().offset());
    }

    @Test
    void shouldSplitThoughThatCannotBeLogged() throws Exception {
        startEngine(failingLog("{} ").andThen(options -> options.maxInFlight = 1));
        SendResult first = engine.append(0, "a");
        SendResult second = engine.send(0, "b");
        engine.respond(0, Errors.MESSAGE_TOO_LARGE, -1);
        engine.step();
        engine.respond(0, Errors.NONE, 5);
        engine.step();
        engine.respond(0, Errors.NONE, 6);
        assertEquals(5, first.get().offset());
        assertEquals(6, second.get().offset());
    }

    @Test
    void shouldFailABatchThoughItsTransactionCannotBeTold() throws Exception {
        start(Protocol.V2, failingLog("Transiting")).initialized().opened();
        SendResult result = tx.engine.append(0, "a");
        tx.produce(Errors.INVALID_TOPIC_EXCEPTION, -1);
        assertTrue(result.isDone());
        assertInstanceOf(InvalidTopicException.class, causeOf(result));
        assertFalse(tx.engine.accumulator.hasIncomplete());
    }

    @Test
    void shouldExpireAllBatchesThoughTheFirstCannotBeTold() throws Exception {
        start(Protocol.V1, failingLog("Transiting")).initialized().opened();
        SendResult first = tx.engine.append(0, "a");
        SendResult second = tx.engine.append(1, "b");
        tx.request(ApiKeys.ADD_PARTITIONS_TO_TXN);
        tx.engine.time.sleep(120_000);
        assertThrows(IllegalStateException.class, tx.engine::step);
        assertTrue(first.isDone() && second.isDone());
        assertInstanceOf(TimeoutException.class, causeOf(first));
        assertInstanceOf(TimeoutException.class, causeOf(second));
        assertFalse(tx.engine.accumulator.hasIncomplete());
    }
}
