package dev.millrace.internal.consumer.work;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Time;

/** The threads that run units; their number can change while they do. */
final class Workers {

    private final RunQueue queue;
    private final Supplier<? extends Execution> executions;
    private final ThreadFactory threads;
    private final Consumer<Throwable> onDeath;
    /** By number, those that did not decide to end; guarded by this. */
    private final Map<Integer, Thread> running = new HashMap<>();
    /** Workers with a number below it go on; guarded by this, read by workers without. */
    private volatile int wanted;

    /**
     * @param executions called on each worker's thread for an execution of its own
     * @param onDeath told of what no worker should throw, on its thread
     */
    Workers(RunQueue queue, Supplier<? extends Execution> executions, ThreadFactory threads, Consumer<Throwable> onDeath) {
        this.queue = queue;
        this.executions = executions;
        this.threads = threads;
        this.onDeath = onDeath;
    }

    /** Has so many threads, soon: one that is busy ends behind its handler. */
    synchronized void resize(int count) {
        wanted = count;
        for (int i = 0; i < count; i++) {
            int number = i;
            running.computeIfAbsent(number, absent -> {
                Thread thread = threads.newThread(() -> run(number));
                thread.start();
                return thread;
            });
        }
        queue.callAll();
    }

    private void run(int number) {
        try (Execution execution = executions.get()) {
            while (goesOn(number) && execution.mayTake()) {
                Unit unit = queue.take();
                if (unit == null)
                    execution.tookNothing();
                else
                    execution.run(unit);
            }
        } catch (Throwable e) {
            onDeath.accept(e);
        }
    }

    private boolean goesOn(int number) {
        if (number < wanted && !queue.isClosed())
            return true;
        synchronized (this) {
            // Again, under the lock: a thread that is about to end can't be counted on when more are wanted.
            if (number < wanted && !queue.isClosed())
                return true;
            if (!queue.isClosed())
                running.remove(number);
            return false;
        }
    }

    /** Ends the threads, and waits for them for at most this long; false when some are still in a handler then. */
    boolean close(Duration timeout) throws InterruptedException {
        queue.close();
        long untilNs = Time.SYSTEM.nanoseconds() + timeout.toNanos();
        List<Thread> left = running();
        for (Thread thread : left)
            // join(0) would wait for ever
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(untilNs - Time.SYSTEM.nanoseconds())));
        return left.stream().noneMatch(Thread::isAlive);
    }

    /** Interrupts handlers that still run. */
    void interrupt() {
        running().forEach(Thread::interrupt);
    }

    private synchronized List<Thread> running() {
        return List.copyOf(running.values());
    }
}
