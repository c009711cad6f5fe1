package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RateOfOthersTest {
    private static long seconds(double seconds) {
        return (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    }

    /** 800 of them in two seconds, and the last 200 behind a hot key in eight more. */
    @Test
    void shouldTellTheRateOfTheFirstEightyPercentBesideThatOfAll() {
        RateOfOthers others = new RateOfOthers(50);
        others.sample(seconds(1), 450);
        others.sample(seconds(2), 850);
        others.sample(seconds(6), 950);
        RateOfOthers.Result result = others.result(1_050, seconds(10));
        assertEquals(1_000, result.records());
        assertEquals(100, result.perSecond(), 0.1);
        assertEquals(400, result.firstPerSecond(), 0.1);
    }

    @Test
    void shouldInterpolateBetweenSamples() {
        RateOfOthers.Result result = new RateOfOthers(0).result(100, seconds(2));
        assertEquals(50, result.perSecond(), 0.1);
        assertEquals(50, result.firstPerSecond(), 0.1);
    }

    @Test
    void shouldKnowNothingWithoutAny() {
        RateOfOthers.Result result = new RateOfOthers(7).result(7, seconds(2));
        assertEquals(0, result.records());
        assertTrue(Double.isNaN(result.perSecond()) && Double.isNaN(result.firstPerSecond()));
    }
}
