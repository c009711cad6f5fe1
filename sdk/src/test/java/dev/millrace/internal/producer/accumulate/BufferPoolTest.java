package dev.millrace.internal.producer.accumulate;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BufferPoolTest {

    private final AtomicInteger exhausted = new AtomicInteger();
    private final AtomicInteger waits = new AtomicInteger();

    private BufferPool pool(long total, int batchSize, int largest) {
        return new BufferPool(total, batchSize, largest, new BufferPool.Observer() {
            @Override
            public void waited(long waitedNs) {
                waits.incrementAndGet();
            }

            @Override
            public void exhausted() {
                exhausted.incrementAndGet();
            }
        }, Time.SYSTEM);
    }

    @Test
    void shouldRecycle() throws Exception {
        BufferPool pool = pool(10_000, 1024, 1024);
        byte[] buffer = pool.allocate(1000, 0);
        assertEquals(1024, buffer.length);
        assertEquals(10_000 - 1024, pool.availableMemory());
        pool.release(buffer);
        assertEquals(10_000, pool.availableMemory());
        assertSame(buffer, pool.allocate(600, 0));
    }

    @Test
    void shouldOfferBatchSizeExactlyAndItsHalves() throws Exception {
        BufferPool pool = pool(10_000_000, 100_000, 400_000);
        assertEquals(100_000, pool.allocate(60_000, 0).length);
        assertEquals(50_000, pool.allocate(50_000, 0).length);
        assertEquals(400_000, pool.allocate(200_001, 0).length);
        assertEquals(400_001, pool.allocate(400_001, 0).length);
    }

    @Test
    void shouldTurnKeptSizesIntoOthers() throws Exception {
        BufferPool pool = pool(4096, 1024, 1024);
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < 4; i++)
            all.add(pool.allocate(1024, 0));
        all.forEach(pool::release);
        assertEquals(4096, pool.allocate(4096, 0).length);
        assertEquals(0, pool.availableMemory());
    }

    @Test
    void shouldShrinkEvenWhileOthersWait() throws Exception {
        BufferPool pool = pool(2048, 1024, 2048);
        byte[] large = pool.allocate(2048, 0);
        Thread waiter = new Thread(() -> assertThrows(BufferExhaustedException.class, () -> pool.allocate(2048, 500)));
        waiter.start();
        while (pool.waiting() == 0)
            Thread.onSpinWait();
        assertNull(pool.tryAllocate(1));
        byte[] small = pool.shrink(large, 300);
        assertEquals(512, small.length);
        assertEquals(2048 - 512, pool.availableMemory());
        waiter.join();
    }

    @Test
    void shouldFailAfterMaxBlock() throws Exception {
        BufferPool pool = pool(1024, 1024, 1024);
        AtomicInteger shortages = new AtomicInteger();
        pool.listener(shortages::incrementAndGet);
        byte[] held = pool.allocate(1024, 0);
        BufferExhaustedException e = assertThrows(BufferExhaustedException.class, () -> pool.allocate(1, 5));
        assertTrue(e.getMessage().startsWith("Failed to allocate 1 bytes within the configured max blocking time 5 ms."), e.getMessage());
        assertEquals(1, shortages.get());
        assertEquals(1, exhausted.get());
        assertEquals(1, waits.get());
        assertEquals(0, pool.waiting());
        pool.release(held);
        assertNotNull(pool.tryAllocate(1024));
    }

    @Test
    void shouldRefuseMoreThanThereWillEverBe() {
        assertThrows(IllegalArgumentException.class, () -> pool(1024, 256, 256).allocate(1025, 1000));
    }

    @Test
    void shouldServeInTheOrderOfAsking() throws Exception {
        BufferPool pool = pool(1024, 1024, 1024);
        byte[] held = pool.allocate(1024, 0);
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int number = i;
            Thread thread = new Thread(() -> {
                try {
                    byte[] mine = pool.allocate(1024, 30_000);
                    served.add(number);
                    pool.release(mine);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            thread.start();
            threads.add(thread);
            while (pool.waiting() < i + 1)
                Thread.onSpinWait();
        }
        pool.release(held);
        for (Thread thread : threads)
            thread.join();
        assertEquals(List.of(0, 1, 2, 3, 4), served);
    }

    /** A waiter that does not wake yet, as on a busy machine, has what it waits for kept for it, and holds up nobody else. */
    @Test
    void shouldServeOthersWithWhatThoseBeforeThemDoNotNeed() throws Exception {
        BufferPool pool = pool(4096, 1024, 2048);
        byte[] large = pool.allocate(2048, 0);
        byte[] small = pool.allocate(1024, 0);
        byte[] other = pool.allocate(1024, 0);
        CountDownLatch asleep = new CountDownLatch(1);
        CountDownLatch awake = new CountDownLatch(1);
        pool.listener(() -> {
            asleep.countDown();
            assertDoesNotThrow(() -> awake.await());
        });
        FutureTask<byte[]> slow = waiter(pool, 1024);
        asleep.await();
        pool.listener(() -> { });
        FutureTask<byte[]> second = waiter(pool, 1024);
        pool.release(small);
        assertNull(pool.tryAllocate(512));
        pool.release(large);
        assertEquals(1024, second.get(10, TimeUnit.SECONDS).length);
        assertNotNull(pool.tryAllocate(1024));
        assertNull(pool.tryAllocate(512));
        pool.release(other);
        assertNotNull(pool.tryAllocate(512));
        awake.countDown();
        assertEquals(1024, slow.get(30, TimeUnit.SECONDS).length);
    }

    /** Returns when it waits. */
    private static FutureTask<byte[]> waiter(BufferPool pool, int size) {
        int before = pool.waiting();
        FutureTask<byte[]> allocated = new FutureTask<>(() -> pool.allocate(size, 50_000));
        Thread thread = new Thread(allocated);
        thread.start();
        Set<Thread.State> still = Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);
        while (pool.waiting() == before || !still.contains(thread.getState()))
            Thread.onSpinWait();
        return allocated;
    }

    @Test
    void shouldLeaveNoTraceOfAnInterruptedWaiter() throws Exception {
        BufferPool pool = pool(1024, 1024, 1024);
        byte[] held = pool.allocate(1024, 0);
        Thread waiter = new Thread(() -> assertThrows(InterruptedException.class, () -> pool.allocate(1024, 30_000)));
        waiter.start();
        while (pool.waiting() == 0)
            Thread.onSpinWait();
        waiter.interrupt();
        waiter.join();
        assertEquals(0, pool.waiting());
        pool.release(held);
        assertEquals(1024, pool.allocate(1024, 0).length);
    }

    @Test
    void shouldEndWaitingWhenClosed() throws Exception {
        BufferPool pool = pool(1024, 1024, 1024);
        pool.allocate(1024, 0);
        Thread waiter = new Thread(() -> assertThrows(KafkaException.class, () -> pool.allocate(1024, 30_000)));
        waiter.start();
        while (pool.waiting() == 0)
            Thread.onSpinWait();
        pool.close();
        waiter.join(30_000);
        assertFalse(waiter.isAlive());
        assertThrows(KafkaException.class, () -> pool.allocate(1, 0));
    }

    /** Many threads, all sizes, growth and shrinking, little memory: never more out than there is, all back in the end. */
    @Test
    void shouldNeverHandOutMoreThanItHas() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        long total = 64 * 1024;
        BufferPool pool = pool(total, 4096, 16 * 1024);
        AtomicLong out = new AtomicLong();
        AtomicInteger failures = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            Random random = new Random(seed + t);
            Thread thread = new Thread(() -> {
                try {
                    for (int i = 0; i < 20_000; i++)
                        oneLife(pool, random, out, total);
                } catch (Throwable e) {
                    e.printStackTrace();
                    failures.incrementAndGet();
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads)
            thread.join();
        assertEquals(0, failures.get());
        assertEquals(total, pool.availableMemory());
        assertEquals(0, pool.waiting());
    }

    private static void oneLife(BufferPool pool, Random random, AtomicLong out, long total) throws InterruptedException {
        byte[] buffer = pool.allocate(1 + random.nextInt(20 * 1024), 30_000);
        assertTrue(out.addAndGet(buffer.length) <= total, "more out than there is");
        if (random.nextInt(3) == 0) {
            byte[] larger = pool.tryAllocate(buffer.length * 2);
            if (larger != null) {
                assertTrue(out.addAndGet(larger.length) <= total, "more out than there is");
                out.addAndGet(-buffer.length);
                pool.release(buffer);
                buffer = larger;
            }
        }
        if (random.nextInt(3) == 0) {
            // Counted before: what is given back may be another's before this thread goes on.
            int before = buffer.length;
            out.addAndGet(-before);
            buffer = pool.shrink(buffer, 1 + random.nextInt(before));
            out.addAndGet(buffer.length);
        }
        out.addAndGet(-buffer.length);
        pool.release(buffer);
    }
}
