package dev.millrace.internal.consumer.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.millrace.internal.consumer.watch.LatencyWindow.Latency;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LatencyWindowTest {

    private static final long WINDOW_MS = 60_000;
    private static final long START_MS = 1_700_000_000_123L;
    /** Two significant digits. */
    private static final double PRECISION = 0.01;

    private final LatencyWindow window = new LatencyWindow(WINDOW_MS, START_MS);

    @Test
    void shouldKnowNothingBeforeTheFirst() {
        assertEquals(Latency.NONE, window.look(START_MS));
    }

    @Test
    void shouldTellPercentilesInMilliseconds() {
        for (int i = 1; i <= 10_000; i++)
            record(i);
        Latency latency = window.look(START_MS);
        assertClose(5_000, latency.p50Ms());
        assertClose(9_900, latency.p99Ms());
        assertClose(9_990, latency.p999Ms());
        assertClose(10_000, latency.maxMs());
    }

    @Test
    void shouldBeRightBelowAMillisecondToo() {
        window.record(750);
        assertClose(0.00075, window.look(START_MS).p50Ms());
    }

    @Test
    void shouldForgetWhatIsOlderThanTheWindowAndNothingElse() {
        record(1_000);
        for (long laterMs = 0; laterMs <= WINDOW_MS * 5 / 6; laterMs += 700)
            assertClose(1_000, window.look(START_MS + laterMs).maxMs());
        record(10);
        assertClose(10, window.look(START_MS + WINDOW_MS + 1).maxMs());
        assertEquals(Latency.NONE, window.look(START_MS + 2 * WINDOW_MS + 1));
    }

    @Test
    void shouldForgetEverythingWhenNobodyLookedForLong() {
        record(1_000);
        assertEquals(Latency.NONE, window.look(START_MS + 100 * WINDOW_MS));
        record(7);
        assertClose(7, window.look(START_MS + 100 * WINDOW_MS).maxMs());
    }

    @Test
    void shouldGoOnWhenTheClockIsSetBack() {
        record(5);
        assertClose(5, window.look(START_MS - 10 * WINDOW_MS).maxMs());
        record(6);
        assertClose(6, window.look(START_MS).maxMs());
    }

    @Test
    void shouldTakeWhatIsLongerThanItCanTellOrLessThanNothing() {
        window.record(Long.MAX_VALUE);
        assertClose(TimeUnit.HOURS.toMillis(24), window.look(START_MS).maxMs());
        window.record(-1);
        assertEquals(0, window.look(START_MS).p50Ms());
    }

    @Test
    void shouldAllocateNothingForARecord() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int records = 200_000;
        record(1);
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < records; i++)
            window.record(i * 37L);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < records, allocated + " bytes for " + records + " records");
    }

    private void record(long ms) {
        window.record(TimeUnit.MILLISECONDS.toNanos(ms));
    }

    private static void assertClose(double expected, double actual) {
        assertEquals(expected, actual, expected * PRECISION);
    }
}
