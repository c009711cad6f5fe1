package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Records that take the memory that is there, or none. */
class TrySendTest extends EngineTest {

    private static final String LARGE = "x".repeat(900);

    private void startFull() {
        start(o -> {
            o.partitions = 3;
            o.batchSize = 1024;
            o.bufferMemory = 2048;
            o.lingerMs = 1000;
        });
    }

    private boolean tryAppend(int partition, String value) {
        SendResult result = engine.tryAppend(partition, value, null);
        return result.isAppended();
    }

    @Test
    void shouldTakeMemoryThatIsThereAndNothingElse() throws Exception {
        startFull();
        assertTrue(tryAppend(0, LARGE));
        assertTrue(tryAppend(1, LARGE));
        assertFalse(tryAppend(2, LARGE));
        assertEquals(2, engine.accumulator.incomplete().size());
        assertEquals(0, engine.pool.waiting());
        // An open batch with room needs none.
        assertTrue(tryAppend(0, "y"));
    }

    /** Else it would be refused for as long as linger lasts, with nothing on its way that could give memory back. */
    @Test
    void shouldSendWhatLingersWhenMemoryIsShort() throws Exception {
        startFull();
        tryAppend(0, LARGE);
        tryAppend(1, LARGE);
        engine.step();
        assertEquals(0, engine.requests().size());
        assertFalse(tryAppend(2, LARGE));
        engine.step();
        assertEquals(1, engine.requests().size());
        engine.respond(0, Errors.NONE, 0);
        assertTrue(tryAppend(2, "c"));
        // There was memory again: linger is linger.
        engine.step();
        assertEquals(0, engine.requests().size());
        engine.time.sleep(1000);
        engine.step();
        assertEquals(List.of("c"), engine.sent(0).values());
    }

    /** Tried in a loop, it must not have the sender look at everything again and again. */
    @Test
    void shouldHurryTheSenderOnce() throws Exception {
        startFull();
        tryAppend(0, LARGE);
        tryAppend(1, LARGE);
        tryAppend(2, LARGE);
        engine.step();
        assertFalse(engine.accumulator.hasChanged());
        for (int i = 0; i < 10; i++)
            assertFalse(tryAppend(2, LARGE));
        assertFalse(engine.accumulator.hasChanged());
    }

    @Test
    void shouldLetThoseGoFirstWhoWait() throws Exception {
        startFull();
        tryAppend(0, LARGE);
        tryAppend(1, LARGE);
        Thread waiting = new Thread(() -> {
            try {
                engine.append(2, LARGE, null, 20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        waiting.start();
        while (engine.pool.waiting() == 0)
            Thread.onSpinWait();
        assertFalse(tryAppend(2, "small"));
        engine.step();
        engine.respond(0, Errors.NONE, 0);
        waiting.join();
        assertTrue(tryAppend(2, "small"));
    }

    @Test
    void shouldRefuseWhenClosed() throws Exception {
        startFull();
        engine.sender.initiateClose();
        assertThrows(KafkaException.class, () -> tryAppend(0, "a"));
    }
}
