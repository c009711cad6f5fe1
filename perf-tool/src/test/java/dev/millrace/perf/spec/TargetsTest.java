package dev.millrace.perf.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetsTest {
    /** Response time p is p milliseconds; the maximum, 100. */
    private record Run(long samples, double recordsPerSecond, double megabytesPerSecond, long errors) implements Measured {
        @Override
        public double responseMs(double percentile) {
            return percentile;
        }
    }

    private static final Run RUN = new Run(1_000_000, 50_000, 5, 0);

    private static TargetResult check(String expression, Measured run) {
        List<TargetResult> results = Targets.parse(List.of(expression)).check(run);
        assertEquals(1, results.size());
        return results.get(0);
    }

    @ParameterizedTest
    @CsvSource({
        "p50<50.1ms, 50, true", "p50<50ms, 50, false", "p50<=50ms, 50, true", "p99.9<99900us, 99.9, false",
        "p99.9<=99900us, 99.9, true", "p99.99<1s, 99.99, true", "p95 < 96 ms, 95, true", "max<=0.1s, 100, true",
        "max<100ms, 100, false", "rate>=50000, 50000, true", "rate>=50_001, 50000, false", "rate>50000, 50000, false",
        "mb>=5, 5, true", "mb>=5.5, 5, false", "errors=0, 0, true", "errors<=3, 0, true", "errors<0, 0, false"})
    void shouldCompareWhatWasMeasuredWithTheLimit(String expression, double measured, boolean met) {
        TargetResult result = check(expression, RUN);
        assertEquals(measured, result.measured(), 1e-9);
        assertEquals(met, result.met());
        assertEquals(expression, result.target().expression());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", " ", "p99", "p99<", "<50ms", "p99<50", "p99<fifty", "p99=50ms", "p99>50ms", "p0<1ms", "p100<1ms", "p99.9.9<1ms",
        "median<1ms", "rate<5", "rate>=-1", "rate>=5ms", "errors>=0", "errors=none", "mb<5", "p99<50ms,", ",p99<50ms",
        "p99<-1ms", "p99<1h"})
    void shouldNameTheExpressionWhenItIsWrong(String expressions) {
        UsageException e = assertThrows(UsageException.class, () -> Targets.parse(List.of(expressions)));
        assertTrue(e.getMessage().contains("--target '" + expressions.strip() + "'")
                || e.getMessage().contains("--target '" + expressions + "'"), e.getMessage());
    }

    @Test
    void shouldTakeListsAndRepeatedOptions() {
        Targets targets = Targets.parse(List.of("p99<50ms, rate>=1", "errors=0"));
        assertEquals(List.of("p99<50ms", "rate>=1", "errors=0"),
                targets.check(RUN).stream().map(result -> result.target().expression()).toList());
        assertTrue(targets.judgeErrors());
        assertFalse(Targets.parse(List.of("p99<50ms")).judgeErrors());
    }

    @ParameterizedTest
    @CsvSource({
        "p50<1s, 20", "p90<1s, 100", "p99<1s, 1000", "p99.9<1s, 10000", "p99.99<1s, 100000", "p99.999<1s, 1000000", "max<1s, 1"})
    void shouldAskForTenSamplesBeyondAPercentile(String expression, long needed) {
        assertTrue(check(expression, new Run(needed, 1, 1, 0)).tooFewSamples().isEmpty());
        String reason = check(expression, new Run(needed - 1, 1, 1, 0)).tooFewSamples().orElseThrow();
        assertTrue(reason.startsWith(expression), reason);
    }

    @Test
    void shouldNotMeetALatencyNobodyMeasured() {
        Measured nothing = new Measured() {
            @Override
            public long samples() {
                return 0;
            }

            @Override
            public double responseMs(double percentile) {
                return Double.NaN;
            }

            @Override
            public double recordsPerSecond() {
                return 0;
            }

            @Override
            public double megabytesPerSecond() {
                return 0;
            }

            @Override
            public long errors() {
                return 0;
            }
        };
        assertFalse(check("p50<1s", nothing).met());
        assertTrue(check("rate>=1", nothing).tooFewSamples().isEmpty());
    }

    @Test
    void shouldSayTheMeasuredValueWithItsUnit() {
        assertEquals("99.000 ms", check("p99<1s", RUN).formattedMeasured());
        assertEquals("50,000 records/s", check("rate>=1", RUN).formattedMeasured());
        assertEquals("0 errors", check("errors=0", RUN).formattedMeasured());
    }

    @Test
    void shouldKnowTheMetricsOfTheCommand() {
        assertThrows(UsageException.class, () -> Targets.parse(List.of("share>=0.5")));
        assertThrows(UsageException.class, () -> Targets.ofEndToEnd(List.of("share>=0.5")));
        String message = assertThrows(UsageException.class, () -> Targets.ofConsume(List.of("mb>=5"))).getMessage();
        assertTrue(message.contains("max, rate, share, errors"), message);
        TargetResult unknown = Targets.ofConsume(List.of("share>=0")).check(RUN).get(0);
        assertFalse(unknown.met(), "a share that is not known reaches nothing");
    }
}
