package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ContextPoolTest {
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final ContextPool<Context> pool = new ContextPool<>(4, Context::new);

    @Test
    void shouldLendTheContextThatWasHandedBack() {
        Context first = pool.acquire();
        Context second = pool.acquire();
        assertNotSame(first, second);
        pool.release(first);
        assertSame(first, pool.acquire());
    }

    @Test
    void shouldCloseWhatDoesNotFit() {
        List<Context> lent = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            lent.add(pool.acquire());
        }
        assertEquals(0, pool.idle());
        lent.forEach(pool::release);
        assertEquals(4, pool.idle());
        assertEquals(6, closed.get());
    }

    /** Two threads and one slot: the shortest way to a collision, which takes two cores at the same instruction. */
    @Test
    @Timeout(120)
    void shouldLendAContextToOneThreadAtATime() throws Exception {
        lendToThreads(new ContextPool<>(1, Context::new), 2, 1_000_000);
    }

    @Test
    @Timeout(120)
    void shouldServeMoreThreadsThanItHasSlots() throws Exception {
        lendToThreads(pool, 16, 20_000);
        assertTrue(pool.idle() <= 4);
    }

    private void lendToThreads(ContextPool<Context> shared, int threads, int rounds) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Void>> users = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                users.add(() -> {
                    for (int round = 0; round < rounds; round++) {
                        Context context = shared.acquire();
                        assertTrue(context.inUse.compareAndSet(false, true), "two threads have the same context");
                        assertFalse(context.isClosed, "a closed context was lent");
                        context.inUse.set(false);
                        shared.release(context);
                    }
                    return null;
                });
            }
            for (Future<Void> user : executor.invokeAll(users)) {
                user.get();
            }
        } finally {
            executor.shutdownNow();
            assertTrue(executor.awaitTermination(10, TimeUnit.SECONDS));
        }
        assertEquals(made.get(), shared.idle() + closed.get(), "none is lost: all are idle or closed");
    }

    private final class Context implements AutoCloseable {
        final AtomicBoolean inUse = new AtomicBoolean();
        boolean isClosed;

        Context() {
            made.incrementAndGet();
        }

        @Override
        public void close() {
            isClosed = true;
            closed.incrementAndGet();
        }
    }
}
