package dev.millrace.internal.consumer.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SlidingRateTest {

    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    private final SlidingRate rate = new SlidingRate(60 * SECOND_NS);

    @Test
    void shouldKnowNothingAtTheFirstLook() {
        assertTrue(Double.isNaN(rate.look(-5, 17)));
    }

    @Test
    void shouldTellTheRateSinceTheBeginningOfTheWindow() {
        rate.look(0, 100);
        assertEquals(50, rate.look(2 * SECOND_NS, 200), 1e-9);
        assertEquals(20, rate.look(10 * SECOND_NS, 300), 1e-9);
    }

    @Test
    void shouldForgetWhatIsOlderThanTheWindow() {
        long total = 0;
        for (long second = 0; second < 100; second++)
            rate.look(second * SECOND_NS, total += 1_000);
        for (long second = 100; second <= 170; second++)
            rate.look(second * SECOND_NS, total);
        assertEquals(0, rate.look(171 * SECOND_NS, total), 1e-9);
        assertEquals(100.0 / 60, rate.look(180 * SECOND_NS, total + 100), 0.3);
    }

    @Test
    void shouldCoverAllOfTheTimeWhenLooksAreRare() {
        rate.look(0, 0);
        assertEquals(1, rate.look(600 * SECOND_NS, 600), 1e-9);
    }
}
