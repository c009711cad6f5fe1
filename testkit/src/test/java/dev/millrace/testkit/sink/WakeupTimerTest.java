package dev.millrace.testkit.sink;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.Selector;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class WakeupTimerTest {
    private static final int ROUNDS = 20_000;
    private static final long LONG_MS = 10_000;

    /** A time is put off in the moment in which it comes: the timer must neither forget the later one nor go to sleep over it. */
    @Test
    void shouldComeToTheLastTimeSaid() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (Selector selector = Selector.open(); WakeupTimer timer = new WakeupTimer(selector)) {
            timer.start();
            for (int round = 0; round < ROUNDS; round++) {
                long firstNs = System.nanoTime() + 20_000 + random.nextInt(50_000);
                timer.at(firstNs);
                long putOffNs = firstNs - 5_000 + random.nextInt(80_000);
                while (System.nanoTime() - putOffNs < 0) {
                    Thread.onSpinWait();
                }
                long lastNs = System.nanoTime() + 1 + random.nextInt(50_000);
                awaitWakeup(selector, timer, lastNs);
            }
        }
    }

    /** As the sink does: says the time before each sleep, and sleeps again when it was woken too early. */
    private static void awaitWakeup(Selector selector, WakeupTimer timer, long ns) throws Exception {
        long beginNs = System.nanoTime();
        do {
            timer.at(ns);
            selector.select(LONG_MS);
        } while (System.nanoTime() - ns < 0);
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beginNs);
        assertTrue(tookMs < LONG_MS, "was not woken for " + tookMs + " ms");
    }
}
