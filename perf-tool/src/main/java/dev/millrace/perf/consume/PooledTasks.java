package dev.millrace.perf.consume;

import dev.millrace.perf.spec.RunFailedException;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The yardstick for a parallel consumer whose handlers take time: the same work as tasks of a fixed thread pool
 * ({@code Executors.newFixedThreadPool}), with no consumer, no order, no commits. One thread submits, and keeps far more tasks
 * in the queue than there are threads, so that none of them ever waits for a task.
 */
final class PooledTasks implements MeasuredConsumer {
    private static final int MOST_QUEUED = 50_000;
    private static final long FULL_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final CountedWork work;
    private final long count;
    private final int partitions;
    private final int threads;
    private final BooleanSupplier stopped;
    private final AtomicInteger number = new AtomicInteger();
    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final ThreadPoolExecutor pool;
    private final Thread submitter = new Thread(this::submit, "millrace-perf-submit");
    private volatile boolean closing;

    /**
     * @param count tasks in all
     * @param partitions over which they count as dealt out in turn
     */
    PooledTasks(CountedWork work, long count, int partitions, int threads, BooleanSupplier stopped) {
        this.work = work;
        this.count = count;
        this.partitions = partitions;
        this.threads = threads;
        this.stopped = stopped;
        ThreadFactory factory = task -> new Thread(task, "millrace-perf-pool-" + number.getAndIncrement());
        this.pool = new ThreadPoolExecutor(threads, threads, 0, TimeUnit.MILLISECONDS, queue, factory);
    }

    @Override
    public void start() {
        submitter.start();
    }

    private void submit() {
        int most = Math.max(MOST_QUEUED, 10 * threads);
        for (long i = 0; i < count && !closing && !stopped.getAsBoolean(); i++) {
            while (queue.size() >= most && !closing) {
                LockSupport.parkNanos(FULL_NS);
            }
            int partition = (int) (i % partitions);
            long offset = i / partitions;
            pool.execute(() -> work.handle(partition, offset, false));
        }
        // What a thread allocated is not known any more when it has ended.
        while (!closing) {
            LockSupport.parkNanos(FULL_NS * 20);
        }
    }

    @Override
    public Optional<Throwable> failure() {
        return Optional.empty();
    }

    @Override
    public void close() {
        closing = true;
        try {
            submitter.join();
            pool.shutdownNow();
            if (!pool.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new RunFailedException("the pool did not end within a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RunFailedException("interrupted while the pool was to end", e);
        }
    }
}
