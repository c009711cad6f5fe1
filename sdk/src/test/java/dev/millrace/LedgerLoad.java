package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.testkit.DeliveryLedger;
import dev.millrace.testkit.DeliveryReport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Threads that send keyed records through one producer, each with keys of its own, and keep account of them in a ledger.
 * {@link #stop} and {@link #awaitSent} are for the test's thread.
 */
final class LedgerLoad {

    private static final int KEYS_PER_THREAD = 50;
    private static final int BURST = 100;
    private static final long BURST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long PATIENCE_MS = TimeUnit.SECONDS.toMillis(60);

    private final DeliveryLedger ledger = new DeliveryLedger();
    private final Producer<byte[], byte[]> producer;
    private final String topic;
    private final int valueSize;
    private final List<Thread> threads = new ArrayList<>();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong sent = new AtomicLong();
    private volatile boolean stopped;

    LedgerLoad(Producer<byte[], byte[]> producer, String topic, int valueSize) {
        this.producer = producer;
        this.topic = topic;
        this.valueSize = valueSize;
    }

    /** Starts threads that send as fast as they can until each has sent so many. */
    LedgerLoad start(int threadCount, int recordsPerThread) {
        return start(threadCount, recordsPerThread, 0);
    }

    /** Starts threads that send at a steady pace, 5,000 records a second each at most, until {@link #stop}. */
    LedgerLoad startPaced(int threadCount) {
        return start(threadCount, Integer.MAX_VALUE, BURST_PAUSE_NS);
    }

    private LedgerLoad start(int threadCount, int recordsPerThread, long pauseNs) {
        for (int t = 0; t < threadCount; t++) {
            int number = t;
            Thread thread = new Thread(() -> send(number, recordsPerThread, pauseNs), "load-" + t);
            threads.add(thread);
            thread.start();
        }
        return this;
    }

    private void send(int thread, int records, long pauseNs) {
        try {
            for (int i = 0; i < records && !stopped; i++) {
                byte[] key = ("key-" + thread + "-" + i % KEYS_PER_THREAD).getBytes();
                long id = ledger.sending(null, key);
                producer.send(new ProducerRecord<>(topic, key, ledger.value(id, valueSize)), ledger.callback(id));
                sent.incrementAndGet();
                if (pauseNs > 0 && i % BURST == 0)
                    LockSupport.parkNanos(pauseNs);
            }
        } catch (Throwable e) {
            failures.add(e);
        }
    }

    /** Blocks until so many more records were handed to the producer. */
    void awaitMore(long records) {
        long target = sent.get() + records;
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        while (sent.get() < target) {
            if (!failures.isEmpty() || System.nanoTime() - deadlineNs > 0)
                throw new AssertionError("Sent " + sent + " records, waited for " + target, failures.peek());
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** Blocks until each thread has sent all its records. */
    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join(PATIENCE_MS);
            if (thread.isAlive()) {
                AssertionError error = new AssertionError(thread.getName() + " is stuck");
                error.setStackTrace(thread.getStackTrace());
                throw error;
            }
        }
        if (!failures.isEmpty())
            throw new AssertionError("A sending thread failed", failures.peek());
    }

    void stop() throws InterruptedException {
        stopped = true;
        join();
    }

    long sent() {
        return sent.get();
    }

    /** What the log holds beside what was promised. Call it when the producer is flushed. */
    DeliveryReport verify(String bootstrapServers) {
        return ledger.verify(bootstrapServers, topic);
    }

    /** Everything was acknowledged, and the log holds it once and in order. Call it when the producer is flushed. */
    DeliveryReport assertDelivered(String bootstrapServers) {
        DeliveryReport report = verify(bootstrapServers).assertClean();
        assertEquals(0, report.failed(), report::toString);
        assertEquals(sent.get(), report.acknowledged());
        return report;
    }
}
