package dev.millrace.internal.producer.accumulate;

import dev.millrace.internal.producer.batch.ProducerBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that callbacks run on when the sender thread is not to wait for them. A partition's run on one of them, in the order in
 * which its batches ended.
 *
 * <p>The queues have no bound of their own: a batch gives its memory back after its callbacks, so {@code buffer.memory} bounds
 * what waits here.
 *
 * <p>Threads: {@link #add} for the sender thread, all else for any. One lock a queue, held for an entry, never while anything is
 * called back.
 */
public final class CallbackThreads {

    /** Makes a thread, and does not start it. */
    public interface Factory {
        Thread create(int index, Runnable work);
    }

    private static final Logger LOG = LoggerFactory.getLogger(CallbackThreads.class);

    private final List<Queue> queues = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Time time;
    /** Told on a callback thread, or on one that closes, when a batch's callbacks were called; set once before use. */
    private Consumer<ProducerBatch> listener = batch -> { };
    /** No more callbacks; any thread, only ever from false to true. */
    private volatile boolean abandoned;

    /** @param count 0 for none: callbacks run on the sender thread then, and nothing of this is used */
    public CallbackThreads(int count, Factory factory, Time time) {
        this.time = time;
        for (int i = 0; i < count; i++) {
            Queue queue = new Queue();
            queues.add(queue);
            threads.add(factory.create(i, queue));
        }
    }

    void listener(Consumer<ProducerBatch> calledBack) {
        listener = calledBack;
    }

    public void start() {
        threads.forEach(Thread::start);
    }

    boolean isEmpty() {
        return threads.isEmpty();
    }

    /** Whether the caller is one of these threads, which means that it is a callback. */
    public boolean isCurrent() {
        return threads.contains(Thread.currentThread());
    }

    /** Takes over a batch that has ended. */
    void add(ProducerBatch batch) {
        TopicPartition partition = batch.topicPartition();
        // Not its hash code: that of neighbours differs by 31, and with 31 threads one would have all to do.
        int index = Math.floorMod(31 * partition.topic().hashCode() + partition.partition(), queues.size());
        queues.get(index).add(batch);
    }

    /**
     * Ends the threads, when there is nobody any more who adds batches. Blocks until all callbacks have returned, or until the time
     * is over: then those that were not called never will be, and their futures complete without them. A thread whose callback
     * hangs ends when that returns.
     *
     * @throws InterruptedException as if the time were over then
     */
    public void close(long timeoutMs) throws InterruptedException {
        queues.forEach(Queue::close);
        try {
            long deadlineMs = time.milliseconds() + timeoutMs;
            for (Thread thread : threads) {
                long leftMs = deadlineMs - time.milliseconds();
                // Not 0, which join takes for no limit; and not its own end.
                if (leftMs > 0 && thread != Thread.currentThread())
                    thread.join(leftMs);
            }
        } finally {
            abandon();
        }
    }

    private void abandon() {
        abandoned = true;
        int records = queues.stream().mapToInt(Queue::abandon).sum();
        if (records > 0)
            LOG.warn("The time to close is over: {} callbacks are not called", records);
    }

    private void callBack(ProducerBatch batch, AtomicInteger missed) {
        try {
            batch.callBack(() -> abandoned && missed.incrementAndGet() > 0);
        } catch (Throwable e) {
            // A log that can't be written, most likely. A thread that ended here would take the callbacks of its partitions with it.
            try {
                LOG.error("Callbacks of {} were not all called", batch, e);
            } catch (RuntimeException unlogged) {
                e.addSuppressed(unlogged);
            }
        } finally {
            listener.accept(batch);
        }
    }

    /** One thread's batches, and its life. */
    private final class Queue implements Runnable {

        /** Guarded by this. */
        private final ArrayDeque<ProducerBatch> waiting = new ArrayDeque<>();
        /** The one whose callbacks run now, or null; guarded by this. */
        private ProducerBatch current;
        /** Guarded by this. */
        private boolean closed;

        synchronized void add(ProducerBatch batch) {
            waiting.addLast(batch);
            notify();
        }

        synchronized void close() {
            closed = true;
            notify();
        }

        @Override
        public void run() {
            AtomicInteger missed = new AtomicInteger();
            for (ProducerBatch batch; (batch = next()) != null; )
                callBack(batch, missed);
            if (missed.get() > 0)
                LOG.warn("The producer was closed while a callback ran: {} callbacks behind it are not called", missed);
        }

        private synchronized ProducerBatch next() {
            current = null;
            while (waiting.isEmpty() && !closed) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    // A callback interrupted its own thread, which is none of its business; thrown, the status is cleared.
                }
            }
            current = waiting.pollFirst();
            return current;
        }

        /** Completes what waits without its callbacks, and says of how many records. */
        int abandon() {
            List<ProducerBatch> taken;
            synchronized (this) {
                taken = new ArrayList<>(waiting);
                waiting.clear();
                if (current != null)
                    // Its thread may hang in a callback: those who wait for the batch are not to hang with it.
                    current.abandon();
            }
            AtomicInteger missed = new AtomicInteger();
            taken.forEach(batch -> callBack(batch, missed));
            return missed.get();
        }
    }
}
