package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.AsyncRecordHandler;
import dev.millrace.consumer.BatchHandler;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RecordHandler;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Lanes, queue and threads together, as the poll thread sees them: records go in by {@link #route}, and come out completed. */
public final class WorkFloor {

    private final RunQueue queue;
    private final Router router;
    private final Supplier<? extends Execution> executions;
    /** Of asynchronous handlers; null for the others. */
    private final Permits permits;
    /** Null until started, and where work is done {@link #inline}. */
    private Workers workers;

    private WorkFloor(RunQueue queue, Router router, Supplier<? extends Execution> executions, Permits permits) {
        this.queue = queue;
        this.router = router;
        this.executions = executions;
        this.permits = permits;
    }

    /** What all kinds of handlers need. */
    public record Plan<K, V>(ProcessingOrder order, int concurrency, int priorities, Attempts<K, V> attempts,
                             RecordDecoder.Factory<K, V> decoders) {
    }

    public static <K, V> WorkFloor blocking(Plan<K, V> plan, RecordHandler.WithContext<K, V> handler) {
        RunQueue queue = new RunQueue(plan.priorities);
        return new WorkFloor(queue, router(plan, queue),
                () -> new BlockingExecution<>(handler, plan.attempts, plan.decoders.get(), queue), null);
    }

    public static <K, V> WorkFloor async(Plan<K, V> plan, AsyncRecordHandler<K, V> handler) {
        RunQueue queue = new RunQueue(plan.priorities);
        Permits permits = new Permits(plan.concurrency);
        return new WorkFloor(queue, router(plan, queue),
                () -> new AsyncExecution<>(handler, plan.attempts, plan.decoders.get(), queue, permits), permits);
    }

    public static <K, V> WorkFloor batches(Plan<K, V> plan, BatchHandler<K, V> handler, int batchSize) {
        RunQueue queue = new RunQueue(plan.priorities);
        return new WorkFloor(queue, router(plan, queue),
                () -> new BatchExecution<>(handler, plan.attempts, plan.decoders.get(), queue, batchSize), null);
    }

    private static Router router(Plan<?, ?> plan, RunQueue queue) {
        return new Router(plan.order, queue);
    }

    /**
     * Starts the threads.
     *
     * @param onDeath told of what ended a worker, which is a mistake of this library; on the worker's thread
     */
    public void start(int concurrency, ThreadFactory threads, Consumer<Throwable> onDeath) {
        workers = new Workers(queue, executions, threads, onDeath);
        workers.resize(threadsFor(concurrency));
    }

    /** Changes how many records may be handled at once; poll thread. */
    public void resize(int concurrency) {
        if (permits != null)
            permits.resize(concurrency);
        if (workers != null)
            workers.resize(threadsFor(concurrency));
    }

    /** Threads that only begin work need be no more than there are processors. */
    private int threadsFor(int concurrency) {
        return permits == null ? concurrency : Math.min(concurrency, Runtime.getRuntime().availableProcessors());
    }

    /** See {@link Router#route}; poll thread. */
    public void route(WorkRecord record) {
        router.route(record);
        queue.call();
    }

    /** The same for one of many: {@link #call} has to follow. Poll thread. */
    public void routeOneOfMany(WorkRecord record) {
        router.route(record);
    }

    /** Calls a worker for what was routed. */
    public void call() {
        queue.call();
    }

    /** Ends the threads; false when some are still in their handlers after this time. What is queued stays where it is. */
    public boolean close(Duration timeout) throws InterruptedException {
        if (permits != null)
            permits.close();
        return workers.close(timeout);
    }

    /** Interrupts the handlers that still run. */
    public void interrupt() {
        workers.interrupt();
    }

    /** The next unit that is ready; null when there is none. Its taker has to run it. */
    public Unit poll() {
        return queue.poll();
    }

    /** Instead of threads: runs what is taken by {@link #workOn} on the calling thread, which closes it in the end. */
    public Execution inline() {
        return executions.get();
    }

    /** Has all run that is ready and may; false when that is nothing. */
    public boolean workOn(Execution inline) {
        boolean any = false;
        while (inline.mayTakeNow()) {
            Unit unit = poll();
            if (unit == null) {
                inline.tookNothing();
                return any;
            }
            inline.run(unit);
            any = true;
        }
        return any;
    }
}
