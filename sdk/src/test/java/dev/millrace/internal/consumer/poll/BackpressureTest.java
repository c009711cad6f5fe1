package dev.millrace.internal.consumer.poll;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.config.ConsumerSettings.Budget;
import dev.millrace.internal.consumer.poll.Backpressure.Load;
import org.junit.jupiter.api.Test;

class BackpressureTest {

    private static final Load PLENTY = new Load(0, 0, 0);
    private final Backpressure pressure = new Backpressure(new Budget(1_000, 10_000, 400, 8_000, 100));

    @Test
    void shouldPauseAPartitionThatIsFullByItself() {
        assertFalse(pressure.isFull(false, new Load(399, 0, 0), PLENTY, 3));
        assertTrue(pressure.isFull(false, new Load(400, 0, 0), PLENTY, 3));
        assertTrue(pressure.isFull(false, new Load(1, 8_000, 0), PLENTY, 3));
    }

    @Test
    void shouldGoOnWhenItIsDownToHalf() {
        assertTrue(pressure.isFull(true, new Load(200, 0, 0), PLENTY, 3));
        assertFalse(pressure.isFull(true, new Load(199, 0, 0), PLENTY, 3));
        assertTrue(pressure.isFull(true, new Load(1, 4_000, 0), PLENTY, 3));
        assertFalse(pressure.isFull(true, new Load(1, 3_999, 0), PLENTY, 3));
    }

    @Test
    void shouldPauseOnlyThoseWithMoreThanTheirShareWhenAllIsUsedUp() {
        Load all = new Load(1_000, 0, 0);
        assertTrue(pressure.isFull(false, new Load(334, 0, 0), all, 3));
        assertFalse(pressure.isFull(false, new Load(332, 0, 0), all, 3));
        Load bytes = new Load(3, 10_000, 0);
        assertTrue(pressure.isFull(false, new Load(1, 3_400, 0), bytes, 3));
        assertFalse(pressure.isFull(false, new Load(1, 3_300, 0), bytes, 3));
    }

    @Test
    void shouldNeverHoldBackAPartitionWithNothingOnItsWay() {
        for (int partitions = 1; partitions < 5_000; partitions *= 3)
            assertFalse(pressure.isFull(false, PLENTY, new Load(1_000_000, 1_000_000, 1_000), partitions));
    }

    @Test
    void shouldNotCountParkedRecordsUpToTheirBudget() {
        assertFalse(pressure.isFull(false, new Load(450, 0, 100), new Load(450, 0, 100), 3));
        assertTrue(pressure.isFull(false, new Load(500, 0, 100), new Load(500, 0, 100), 3));
        // Of 200 parked ones, 100 are free, half of them this partition's.
        assertFalse(pressure.isFull(false, new Load(449, 0, 100), new Load(600, 0, 200), 3));
        assertTrue(pressure.isFull(false, new Load(450, 0, 100), new Load(600, 0, 200), 3));
    }
}
