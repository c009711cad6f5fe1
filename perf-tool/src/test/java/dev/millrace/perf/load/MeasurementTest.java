package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.Load;
import java.util.Map;
import java.util.Optional;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class MeasurementTest {
    private static Measurement measurement(double throughput, long records, long behindMs, long acked) {
        Histogram response = IntervalHistogram.empty();
        for (int i = 1; i <= acked; i++) {
            response.recordValue(i * 1_000L);
        }
        Load load = new Load(records, 0, 100, Optional.empty(), "\n", throughput, 1, 0, 1);
        PhaseResult phase = new PhaseResult(2_000_000_000L, records, acked, records - acked, Map.of(), records * 100,
                response, response, IntervalHistogram.empty(), 0, 500 * records, behindMs * 1_000_000, false, Optional.empty(),
                new PhaseResult.Cost(3_000_000_000L, 1_000_000_000L, 7, 9, 500_000_000L, 600 * records));
        return new Measurement(load, phase, 10, 5, 20);
    }

    @Test
    void shouldDeriveRatesFromWhatWasAcknowledged() {
        Measurement measurement = measurement(-1, 1_000, 0, 500);
        assertEquals(250, measurement.recordsPerSecond(), 1e-9);
        assertEquals(250 * 100 / 1048576.0, measurement.megabytesPerSecond(), 1e-9);
        assertEquals(500, measurement.errors());
        assertEquals(500, measurement.samples());
        assertEquals(500, measurement.responseMs(100), 1);
        assertEquals(6_000, measurement.cpuSecondsPerMillion(), 1e-6);
        assertEquals(2_000, measurement.userSecondsPerMillion(), 1e-6);
        assertEquals(5_000, measurement.cpuWithoutCompilerSecondsPerMillion(), 1e-6);
        assertEquals(1_000, measurement.allocatedBytesPerRecord(), 1e-9);
    }

    @Test
    void shouldHaveNoFiguresPerRecordWithoutRecords() {
        Measurement measurement = measurement(-1, 1_000, 0, 0);
        assertTrue(Double.isNaN(measurement.responseMs(50)));
        assertTrue(Double.isNaN(measurement.cpuSecondsPerMillion()));
        assertEquals(0, measurement.recordsPerSecond());
    }

    @Test
    void shouldAcceptAScheduleThatEndsAlmostInTime() {
        // Ten seconds of schedule: one percent is 100 ms.
        assertEquals(Optional.empty(), measurement(100, 1_000, 0, 1_000).scheduleMissed());
        assertEquals(Optional.empty(), measurement(100, 1_000, 100, 1_000).scheduleMissed());
        // One second of schedule: a pause at its end is not a rate that cannot be reached.
        assertEquals(Optional.empty(), measurement(1_000, 1_000, 99, 1_000).scheduleMissed());
    }

    @Test
    void shouldSayHowFarTheScheduleWasMissed() {
        String reason = measurement(100, 1_000, 2_500, 1_000).scheduleMissed().orElseThrow();
        assertTrue(reason.contains("100 records/s was not kept") && reason.contains("2500 ms late")
                && reason.contains("80 records/s"), reason);
    }

    @Test
    void shouldKnowNoScheduleInAClosedLoop() {
        assertEquals(Optional.empty(), measurement(-1, 1_000, 99_999, 1_000).scheduleMissed());
    }
}
