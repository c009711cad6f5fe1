package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.testkit.DeliveryLedger;
import dev.millrace.testkit.DeliveryReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Threads that send keyed records through one producer, each with keys of its own, and keep account of them in a ledger.
 * {@link #stop} and the methods that await something are for the test's thread.
 */
public final class LedgerLoad {

    private static final int KEYS_PER_THREAD = 50;
    private static final int BURST = 100;
    /** How long nothing may happen. */
    private static final long PATIENCE_MS = TimeUnit.SECONDS.toMillis(90);

    private final DeliveryLedger ledger = new DeliveryLedger();
    private final Producer<byte[], byte[]> producer;
    private final String topic;
    private final int valueSize;
    private final List<Thread> threads = new ArrayList<>();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Map<String, String> messages = new ConcurrentHashMap<>();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    /** From one burst of a thread to its next; 0 for as fast as it can. Written by the test's thread. */
    private volatile long burstIntervalNs;
    private volatile boolean stopped;

    public LedgerLoad(Producer<byte[], byte[]> producer, String topic, int valueSize) {
        this.producer = producer;
        this.topic = topic;
        this.valueSize = valueSize;
    }

    /** Starts threads that send as fast as they can until each has sent so many. */
    public LedgerLoad start(int threadCount, int recordsPerThread) {
        for (int t = 0; t < threadCount; t++) {
            int number = t;
            Thread thread = new Thread(() -> send(number, recordsPerThread), "load-" + t);
            threads.add(thread);
            thread.start();
        }
        return this;
    }

    /** Starts threads that send at a steady pace, so many records a second together at most, until {@link #stop}; 0: no limit. */
    public LedgerLoad startPaced(int threadCount, int recordsPerSecond) {
        if (recordsPerSecond > 0)
            burstIntervalNs = TimeUnit.SECONDS.toNanos(1) * BURST * threadCount / recordsPerSecond;
        return start(threadCount, Integer.MAX_VALUE);
    }

    private void send(int thread, int records) {
        try {
            long dueNs = System.nanoTime();
            for (int i = 0; i < records && !stopped; i++) {
                byte[] key = ("key-" + thread + "-" + i % KEYS_PER_THREAD).getBytes();
                long id = ledger.sending(null, key);
                producer.send(new ProducerRecord<>(topic, key, ledger.value(id, valueSize)), callback(id));
                sent.incrementAndGet();
                if (i % BURST == 0)
                    dueNs = awaitDue(dueNs);
            }
        } catch (Throwable e) {
            failures.add(e);
        }
    }

    /** Sleeps until the next burst is due, and returns when that was. What was held up is not made up for. */
    private long awaitDue(long lastNs) {
        long intervalNs = burstIntervalNs;
        long leftNs = lastNs + intervalNs - System.nanoTime();
        if (intervalNs == 0 || leftNs <= 0)
            return System.nanoTime();
        LockSupport.parkNanos(leftNs);
        return lastNs + intervalNs;
    }

    private Callback callback(long id) {
        Callback toLedger = ledger.callback(id);
        return (metadata, exception) -> {
            toLedger.onCompletion(metadata, exception);
            if (exception == null) {
                acknowledged.incrementAndGet();
            } else {
                failed.incrementAndGet();
                messages.putIfAbsent(exception.getClass().getSimpleName(), String.valueOf(exception.getMessage()));
            }
        };
    }

    /** Blocks until so many more records were handed to the producer. */
    public void awaitMore(long records) {
        await("sent", this::sent, sent() + records);
    }

    /** Blocks until so many records were handed to the producer since the start. */
    public void awaitSent(long records) {
        await("sent", this::sent, records);
    }

    /** Blocks until so many more records were acknowledged. */
    public void awaitMoreAcknowledged(long records) {
        await("acknowledged", this::acknowledged, acknowledged() + records);
    }

    /** Blocks until so many more records ended in an exception. */
    public void awaitMoreFailed(long records) {
        await("failed", this::failed, failed() + records);
    }

    private void await(String what, LongSupplier count, long target) {
        long last = count.getAsLong();
        long progressNs = System.nanoTime();
        for (long now = last; now < target; now = count.getAsLong()) {
            if (now != last)
                progressNs = System.nanoTime();
            last = now;
            if (!failures.isEmpty() || System.nanoTime() - progressNs > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS))
                throw new AssertionError("Waited for " + target + " records " + what + "; now there are " + sent + " sent, "
                        + acknowledged + " acknowledged, " + failed + " failed " + messages, failures.peek());
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** Blocks until each thread has sent all its records. */
    public void join() throws InterruptedException {
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

    public void stop() throws InterruptedException {
        stopped = true;
        join();
    }

    /** Sends as fast as it can until so many records were sent since the start, and stops. */
    public void stopAfter(long records) throws InterruptedException {
        burstIntervalNs = 0;
        awaitSent(records);
        stop();
    }

    public long sent() {
        return sent.get();
    }

    public long acknowledged() {
        return acknowledged.get();
    }

    public long failed() {
        return failed.get();
    }

    /** The first message of each class of exception that records ended in. */
    public Map<String, String> failureMessages() {
        return Map.copyOf(messages);
    }

    /** What the log holds beside what was promised. Call it when the producer is flushed. */
    public DeliveryReport verify(String bootstrapServers) {
        return ledger.verify(bootstrapServers, topic);
    }

    /** Everything was acknowledged, and the log holds it once and in order. Call it when the producer is flushed. */
    public DeliveryReport assertDelivered(String bootstrapServers) {
        DeliveryReport report = verify(bootstrapServers).assertClean();
        assertEquals(0, report.failed(), report::toString);
        assertEquals(sent.get(), report.acknowledged());
        return report;
    }
}
