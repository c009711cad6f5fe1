package dev.millrace.testkit;

import static dev.millrace.testkit.DeliveryFault.DUPLICATED;
import static dev.millrace.testkit.DeliveryFault.LOST;
import static dev.millrace.testkit.DeliveryFault.OFFSET_MISMATCH;
import static dev.millrace.testkit.DeliveryFault.OUT_OF_ORDER_IN_PARTITION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DeliveryLedgerThreadsTest extends LedgerTest {
    /**
     * Four partitions, each with a thread that sends, one that acknowledges and one that reads, side by side; then one
     * record is lost, another repeated, and two change places.
     */
    @Test
    void shouldCountExactlyWhenManyThreadsSendAcknowledgeAndRead() throws InterruptedException {
        int partitions = 4;
        int each = 100_000;
        List<List<Long>> logs = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
        CountDownLatch start = new CountDownLatch(1);
        for (int p = 0; p < partitions; p++) {
            int partition = p;
            List<Long> log = new ArrayList<>();
            logs.add(log);
            BlockingQueue<Long> toAck = new ArrayBlockingQueue<>(1_000);
            BlockingQueue<Long> toRead = new ArrayBlockingQueue<>(1_000);
            threads.add(thread(start, () -> {
                for (int i = 0; i < each; i++) {
                    String key = i % 3 == 0 ? null : "k" + partition + "-" + i % 100;
                    long id = ledger.sending(i % 2 == 0 ? partition : null, key);
                    log.add(id);
                    toAck.put(id);
                    toRead.put(id);
                }
            }));
            threads.add(thread(start, () -> {
                for (int i = 0; i < each; i++) {
                    ledger.acked(toAck.take(), partition, i);
                }
            }));
            threads.add(thread(start, () -> {
                for (int i = 0; i < each; i++) {
                    ledger.observe(toRead.take(), partition, i);
                }
            }));
        }
        threads.forEach(thread -> {
            thread.setUncaughtExceptionHandler((t, e) -> errors.add(e));
            thread.start();
        });
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(errors));
        DeliveryReport live = only(Map.of());
        assertEquals((long) partitions * each, live.sent());
        assertEquals(live.sent(), live.acknowledged());
        assertEquals(live.sent(), live.found());

        long seed = new Random().nextLong();
        System.out.println("DeliveryLedgerThreadsTest seed " + seed);
        int victim = new Random(seed).nextInt(1, each - 10);
        ledger.forgetObserved();
        AtomicLong offset = new AtomicLong();
        for (int p = 0; p < partitions; p++) {
            offset.set(0);
            List<Long> log = new ArrayList<>(logs.get(p));
            if (p == 0) {
                log.set(victim, log.get(victim - 1)); // lost, with a copy of another in its place
                Collections.swap(log, victim + 1, victim + 2);
            }
            for (long id : log) {
                ledger.observe(id, p, offset.getAndIncrement());
            }
        }
        DeliveryReport report = ledger.report();
        assertTrue(report.isClean(LOST, DUPLICATED, OUT_OF_ORDER_IN_PARTITION, OFFSET_MISMATCH), report.toString());
        assertEquals(List.of(logs.get(0).get(victim) + ""), ids(report, LOST));
        assertEquals(List.of(logs.get(0).get(victim - 1) + ""), ids(report, DUPLICATED));
        assertEquals(List.of(logs.get(0).get(victim + 1) + ""), ids(report, OUT_OF_ORDER_IN_PARTITION));
        assertEquals(List.of(logs.get(0).get(victim + 1) + "", logs.get(0).get(victim + 2) + ""),
                ids(report, OFFSET_MISMATCH));
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private static Thread thread(CountDownLatch start, Work work) {
        return new Thread(() -> {
            try {
                start.await();
                work.run();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static List<String> ids(DeliveryReport report, DeliveryFault fault) {
        assertEquals(report.count(fault), report.examples(fault).size());
        return report.examples(fault).stream().map(text -> text.split("[ ,]")[1]).toList();
    }
}
