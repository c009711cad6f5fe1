package dev.millrace.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RatioTest {
    private static double[] values(double... values) {
        return values;
    }

    @Test
    void shouldDividePairByPair() {
        // Of the medians it would be 4 / 4.
        Ratio ratio = Ratio.of(values(2, 4, 9), values(4, 1, 9));
        assertEquals(new Ratio(1, 0.5, 4, 3), ratio);
        assertEquals(new Ratio(0.75, 0.5, 1, 2), Ratio.of(values(1, 2), values(2, 2)));
    }

    @Test
    void shouldNotKnowARatioThatOnePairLacks() {
        assertNull(Ratio.of(values(1, Double.NaN), values(1, 1)));
        assertNull(Ratio.of(values(1, 1), values(1, 0)));
        assertNull(Ratio.of(values(0), values(0)));
        assertNull(Ratio.of(values(), values()));
    }

    @Test
    void shouldTakeTheMiddleOrTheMeanOfTheTwoInTheMiddle() {
        assertEquals(3, Ratio.median(values(9, 1, 3)));
        assertEquals(2, Ratio.median(values(9, 1, 3, 0)));
        assertEquals(7, Ratio.median(values(7)));
        assertTrue(Double.isNaN(Ratio.median(values(7, Double.NaN))));
        assertTrue(Double.isNaN(Ratio.median(values())));
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0.99, 5, false", "1.01, 3, 5, false", "0.99, 1.01, 5, true", "0.5, 1, 5, true", "1, 2, 5, true",
        "0.5, 0.6, 2, false", "0.5, 0.5, 1, true"})
    void shouldBeInconclusiveWhenThePairsDoNotAgreeOrThereIsOne(double min, double max, int pairs, boolean inconclusive) {
        assertEquals(inconclusive, new Ratio((min + max) / 2, min, max, pairs).isInconclusive());
    }
}
