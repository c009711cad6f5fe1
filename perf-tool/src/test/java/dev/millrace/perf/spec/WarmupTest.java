package dev.millrace.perf.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WarmupTest {
    @ParameterizedTest
    @CsvSource({
        "1000000, 100, -1, 500000", "1000, 100, -1, 1000", "1000000, 1048576, -1, 100", "1000000, 1000000000, -1, 1",
        "1000000, 100, 2000, 20000", "1000000, 100, 0.01, 1", "1000000, 0, -1, 500000"})
    void shouldWarmUpOneRunNoLongerThanItIsWorth(long measured, int recordSize, double throughput, long expected) {
        assertEquals(expected, Warmup.ofOneRun(null).records(measured, recordSize, throughput));
    }

    @ParameterizedTest
    @CsvSource({
        "1000, 100, -1, 2000000", "100000000, 100, -1, 2000000", "1000, 1000, -1, 1073741", "1000, 100, 2000, 40000",
        "1000, 1000000000, -1, 1"})
    void shouldWarmUpComparedRunsHoweverShortTheyAre(long measured, int recordSize, double throughput, long expected) {
        assertEquals(expected, Warmup.ofComparedRuns(null).records(measured, recordSize, throughput));
    }

    @Test
    void shouldDoAsTheUserSays() {
        assertEquals(7, Warmup.ofOneRun(7L).records(1, 1 << 30, 0.1));
        assertEquals(0, Warmup.ofComparedRuns(0L).records(1, 100, -1));
        assertThrows(UsageException.class, () -> Warmup.ofOneRun(-1L).records(1, 100, -1));
    }
}
