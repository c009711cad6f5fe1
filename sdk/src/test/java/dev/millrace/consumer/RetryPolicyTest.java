package dev.millrace.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {

    private static final Exception FAILURE = new IllegalStateException();

    @Test
    void shouldWaitTheSameTimeForEver() {
        RetryPolicy policy = RetryPolicy.fixed(Duration.ofMillis(50));
        assertEquals(50, policy.backoffMs(FAILURE, 1));
        assertEquals(50, policy.backoffMs(FAILURE, 1_000_000));
    }

    @Test
    void shouldDoubleUpToTheLongest() {
        RetryPolicy policy = RetryPolicy.exponential(Duration.ofMillis(100), Duration.ofSeconds(30));
        assertWithin(100, policy.backoffMs(FAILURE, 1));
        assertWithin(800, policy.backoffMs(FAILURE, 4));
        assertWithin(30_000, policy.backoffMs(FAILURE, 20));
        assertWithin(30_000, policy.backoffMs(FAILURE, 1_000_000));
    }

    private static void assertWithin(long expectedMs, long backoffMs) {
        assertTrue(backoffMs >= expectedMs * 0.79 && backoffMs <= expectedMs * 1.21, backoffMs + " for " + expectedMs);
    }

    @Test
    void shouldGiveUpBehindTheLastAttempt() {
        RetryPolicy policy = RetryPolicy.fixed(Duration.ZERO).maxAttempts(3);
        assertEquals(0, policy.backoffMs(FAILURE, 2));
        assertEquals(-1, policy.backoffMs(FAILURE, 3));
        assertEquals(-1, RetryPolicy.never().backoffMs(FAILURE, 1));
    }

    @Test
    void shouldGoByTheFirstRuleThatFits() {
        RetryPolicy policy = RetryPolicy.fixed(Duration.ofMillis(1)).on(IOException.class, RetryPolicy.fixed(Duration.ofMillis(9)))
                .notOn(Exception.class);
        assertEquals(9, policy.backoffMs(new java.io.FileNotFoundException(), 1));
        assertEquals(-1, policy.backoffMs(FAILURE, 1));
        assertEquals(1, policy.backoffMs(new StackOverflowError(), 1));
    }

    @Test
    void shouldRefuseWhatMakesNoSense() {
        assertThrows(IllegalArgumentException.class, () -> RetryPolicy.fixed(Duration.ofMillis(-1)));
        assertThrows(IllegalArgumentException.class, () -> RetryPolicy.exponential(Duration.ZERO, Duration.ofSeconds(1)));
        assertThrows(IllegalArgumentException.class, () -> RetryPolicy.exponential(Duration.ofSeconds(2), Duration.ofSeconds(1)));
        assertThrows(IllegalArgumentException.class, () -> RetryPolicy.never().maxAttempts(0));
    }
}
