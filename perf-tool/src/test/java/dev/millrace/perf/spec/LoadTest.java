package dev.millrace.perf.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadTest {
    @ParameterizedTest
    @CsvSource({
        "1000000, 100, -1, 500000", "1000, 100, -1, 1000", "1000000, 1048576, -1, 100", "1000000, 1000000000, -1, 1",
        "1000000, 100, 2000, 20000", "1000000, 100, 0.01, 1", "1000000, 0, -1, 500000"})
    void shouldWarmUpNoLongerThanItIsWorth(long numRecords, int recordSize, double throughput, long expected) {
        assertEquals(expected, Load.defaultWarmup(numRecords, recordSize, throughput));
    }
}
