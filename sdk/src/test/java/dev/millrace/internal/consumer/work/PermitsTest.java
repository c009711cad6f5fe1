package dev.millrace.internal.consumer.work;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PermitsTest {

    /** A handler may leave its thread interrupted; a worker that took that for its end would be missing from then on. */
    @Test
    void shouldWaitThoughTheThreadIsInterrupted() {
        Permits permits = new Permits(1);
        assertTrue(permits.acquire());
        Thread.currentThread().interrupt();
        CompletableFuture.runAsync(permits::release, CompletableFuture.delayedExecutor(20, java.util.concurrent.TimeUnit.MILLISECONDS));
        assertTrue(permits.acquire());
        assertTrue(Thread.interrupted(), "the interrupt is the handler's, and is kept");
    }

    @Test
    void shouldLetGoWhoWaitsWhenClosed() {
        Permits permits = new Permits(1);
        assertTrue(permits.acquire());
        CompletableFuture<Boolean> waits = CompletableFuture.supplyAsync(permits::acquire);
        permits.close();
        assertFalse(waits.join());
    }
}
