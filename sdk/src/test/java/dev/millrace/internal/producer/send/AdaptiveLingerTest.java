package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** {@code millrace.linger.adaptive}: who has few requests on the way sends at once, who has more waits, but for linger at most. */
class AdaptiveLingerTest extends EngineTest {

    private static final int LINGER_MS = 50;

    private void startAdaptive() throws Exception {
        start(o -> {
            o.adaptiveLinger = true;
            o.lingerMs = LINGER_MS;
        });
        // From then on a partition may have more than one batch on its way.
        engine.establish(0);
    }

    @Test
    void shouldSendAtOnceWhileFewRequestsAreOnTheirWay() throws Exception {
        startAdaptive();
        for (String value : List.of("a", "b", "c", "d")) {
            engine.append(0, value);
            engine.step();
        }
        assertEquals(List.of("a"), engine.sent(0).values());
        assertEquals(List.of("b"), engine.sent(1).values());
        assertEquals(List.of("c"), engine.sent(2).values());
        assertEquals(List.of("d"), engine.sent(3).values());
    }

    @Test
    void shouldGatherRecordsUntilAnAnswerComes() throws Exception {
        startAdaptive();
        sendFour();
        for (String value : List.of("e", "f", "g")) {
            engine.append(0, value);
            engine.step();
        }
        assertEquals(4, engine.requests().size());
        engine.respond(0, Errors.NONE, 1);
        engine.step();
        assertEquals(List.of("e", "f", "g"), engine.sent(3).values());
    }

    @Test
    void shouldWaitForLingerAtMost() throws Exception {
        startAdaptive();
        sendFour();
        engine.append(0, "e");
        engine.time.sleep(LINGER_MS - 1);
        engine.step();
        assertEquals(4, engine.requests().size());
        engine.time.sleep(1);
        engine.step();
        assertEquals(List.of("e"), engine.sent(4).values());
    }

    /** A lost connection is an answer, too. */
    @Test
    void shouldGoOnAfterAConnectionWasLost() throws Exception {
        startAdaptive();
        sendFour();
        engine.append(1, "e");
        engine.step();
        assertEquals(4, engine.requests().size());
        engine.disconnect();
        engine.step();
        engine.step();
        assertEquals(List.of("e"), engine.sent(0).values());
    }

    private void sendFour() throws Exception {
        for (String value : List.of("a", "b", "c", "d")) {
            engine.append(0, value);
            engine.step();
        }
        assertEquals(4, engine.requests().size());
    }
}
