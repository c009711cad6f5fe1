package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class SimulatedWorkTest {
    @Test
    void shouldLastAsLongAsAskedThoughAParkEndsEarly() {
        try (SimulatedWork work = new SimulatedWork(Duration.ofMillis(2), false)) {
            LockSupport.unpark(Thread.currentThread());
            long startNs = System.nanoTime();
            assertTrue(work.run(startNs) - startNs >= 2_000_000);
            assertTrue(work.takesTime());
        }
    }

    @Test
    void shouldCompleteLaterWhenAsynchronous() {
        try (SimulatedWork work = new SimulatedWork(Duration.ofMillis(2), true)) {
            long startNs = System.nanoTime();
            AtomicLong doneNs = new AtomicLong();
            CompletionStage<?> stage = work.runAsync(startNs, doneNs::set);
            ((CompletableFuture<?>) stage).join();
            assertTrue(doneNs.get() - startNs >= 2_000_000);
        }
    }

    @Test
    void shouldTakeNoTimeWithoutWork() {
        try (SimulatedWork work = new SimulatedWork(Duration.ZERO, true)) {
            AtomicLong doneNs = new AtomicLong();
            assertTrue(((CompletableFuture<?>) work.runAsync(5, doneNs::set)).isDone());
            assertEquals(5, doneNs.get());
            assertFalse(work.takesTime());
        }
    }
}
