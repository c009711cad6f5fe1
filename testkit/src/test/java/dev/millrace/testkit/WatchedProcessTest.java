package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class WatchedProcessTest {
    private static final ProcessHandle SELF = ProcessHandle.current();

    @Test
    void shouldKnowAProcessByIdAndStart() {
        assertTrue(new WatchedProcess(SELF.pid(), start()).isAlive());
        assertTrue(new WatchedProcess(SELF.pid(), start() + 1_000).isAlive());
    }

    @Test
    void shouldNotTakeAStrangerWithTheSameIdForTheChild() {
        WatchedProcess gone = new WatchedProcess(SELF.pid(), start() - WatchedProcess.TOLERANCE_MS - 1);
        assertFalse(gone.isAlive());
        gone.kill();
    }

    @Test
    void shouldGoByTheIdAloneWhenTheStartIsUnknown() {
        assertTrue(new WatchedProcess(SELF.pid(), 0).isAlive());
    }

    @Test
    void shouldReadWhatTheParentWrote() {
        assertEquals(new WatchedProcess(17, 1234), WatchedProcess.parse("17 1234"));
        assertEquals(new WatchedProcess(17, 0), WatchedProcess.parse("17"));
    }

    @Test
    void shouldFindNothingForHalfALine() {
        assertFalse(WatchedProcess.parse("").isAlive());
        assertFalse(WatchedProcess.parse("x 12").isAlive());
        assertFalse(WatchedProcess.parse("-1 12").isAlive());
    }

    private static long start() {
        assumeTrue(SELF.info().startInstant().isPresent(), "the platform does not tell when a process started");
        return SELF.info().startInstant().map(Instant::toEpochMilli).orElseThrow();
    }
}
