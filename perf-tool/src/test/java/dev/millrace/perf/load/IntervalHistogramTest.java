package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class IntervalHistogramTest {
    private final IntervalHistogram histogram = new IntervalHistogram();
    private final Histogram sum = IntervalHistogram.empty();

    @Test
    void shouldCountEveryValueInExactlyOneInterval() {
        for (int i = 0; i < 1_000; i++) {
            histogram.recordNanos(i * 1_000_000L);
            if (i % 7 == 0) {
                histogram.takeInterval(sum);
            }
        }
        histogram.takeInterval(sum);
        histogram.takeInterval(sum);
        assertEquals(1_000, sum.getTotalCount());
        assertEquals(499_711, sum.getValueAtPercentile(50), 1_000);
        assertEquals(999_423, sum.getMaxValue(), 1_000);
    }

    @Test
    void shouldLoseNothingBetweenTwoThreads() throws InterruptedException {
        int values = 2_000_000;
        Thread writer = new Thread(() -> {
            for (int i = 0; i < values; i++) {
                histogram.recordNanos(i * 1_000L);
            }
        });
        writer.start();
        while (writer.isAlive()) {
            histogram.takeInterval(sum);
        }
        writer.join();
        histogram.takeInterval(sum);
        assertEquals(values, sum.getTotalCount());
    }

    @Test
    void shouldKeepImpossibleTimesWithinItsRange() {
        histogram.recordNanos(-5);
        histogram.recordNanos(Long.MAX_VALUE);
        histogram.takeInterval(sum);
        assertEquals(0, sum.getMinValue());
        assertEquals(sum.highestEquivalentValue(IntervalHistogram.HIGHEST_US), sum.getMaxValue());
    }
}
