package dev.millrace.internal.consumer.work;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.config.ConfigException;

/** Where workers' threads come from. Virtual ones are reached by name, for the class files are of a JDK without them. */
public final class WorkerThreads {

    private WorkerThreads() {
    }

    /** @throws ConfigException when virtual threads are asked for and this JDK has none */
    public static void check(boolean virtual) {
        if (virtual && Runtime.version().feature() < 21)
            throw new ConfigException("millrace.consumer.virtual.threads", true, "needs a JDK 21 or newer; this one is "
                    + Runtime.version() + ". Run on a newer one, or take more threads (concurrency) or an asynchronous handler.");
    }

    /** Threads with the given prefix to their names; they do not keep the JVM alive. */
    public static ThreadFactory factory(boolean virtual, String prefix) {
        AtomicInteger count = new AtomicInteger();
        if (virtual)
            return task -> unstarted(prefix + "-worker-" + count.getAndIncrement(), task);
        return task -> {
            Thread thread = new Thread(task, prefix + "-worker-" + count.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** {@code Thread.ofVirtual().name(name).unstarted(task)}. */
    private static Thread unstarted(String name, Runnable task) {
        try {
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            Class<?> builder = Class.forName("java.lang.Thread$Builder$OfVirtual");
            MethodHandle ofVirtual = lookup.findStatic(Thread.class, "ofVirtual", MethodType.methodType(builder));
            MethodHandle named = lookup.findVirtual(builder, "name", MethodType.methodType(builder, String.class));
            MethodHandle unstarted = lookup.findVirtual(builder, "unstarted", MethodType.methodType(Thread.class, Runnable.class));
            return (Thread) unstarted.invoke(named.invoke(ofVirtual.invoke(), name), task);
        } catch (Throwable e) {
            throw new IllegalStateException("virtual threads can't be made", e);
        }
    }
}
