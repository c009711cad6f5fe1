package dev.millrace.internal.consumer.poll;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/** Stands for a thread: keeps what it is given until it is told to run it, on the caller's. */
final class SteppedThread implements Executor {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private boolean atOnce;

    @Override
    public void execute(Runnable task) {
        if (atOnce)
            task.run();
        else
            tasks.add(task);
    }

    /** Whether what comes is run as it comes; what came before has to be told nevertheless. */
    void atOnce(boolean now) {
        atOnce = now;
    }

    boolean isIdle() {
        return tasks.isEmpty();
    }

    void runAll() {
        while (!tasks.isEmpty())
            tasks.poll().run();
    }
}
