package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Ctrl-C. While a run is measured, the first one asks it to stop, so that what was measured is printed and the brokers end in
 * order; at any other time, and the second time, the process ends, and its shutdown hooks end the brokers.
 *
 * <p>A shutdown hook could not do that: hooks run side by side, and the brokers' own would end them under the run. Java's only
 * way to a signal is {@code sun.misc.Signal}, of which javac warns; hence by reflection, and where it is missing Ctrl-C just
 * ends the process.
 */
class Interruption {
    private final StopSignal stop;
    private final int exitCode;
    /** Guarded by this. */
    private boolean running;

    private Interruption(StopSignal stop, int exitCode) {
        this.stop = stop;
        this.exitCode = exitCode;
    }

    /** Ctrl-C does nothing from now on. */
    static Interruption ignore() {
        return install(new Interruption(new StopSignal(), 0) {
            @Override
            void signalled() {
                // Somebody else decides what it means.
            }
        });
    }

    static Interruption install(StopSignal stop, int exitCode) {
        return install(new Interruption(stop, exitCode));
    }

    private static Interruption install(Interruption interruption) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler onCall = (proxy, method, args) -> {
                if (method.getName().equals("handle")) {
                    interruption.signalled();
                }
                return null;
            };
            Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, onCall);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("INT"), proxy);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return interruption;
        }
        return interruption;
    }

    synchronized void signalled() {
        if (running && !stop.getAsBoolean()) {
            stop.request();
        } else {
            // Exit waits for hooks; this is the signal's own thread, and hooks may need further signals' ones.
            new Thread(() -> System.exit(exitCode), "millrace-perf-exit").start();
        }
    }

    /** A run begins, which ends soon and in order when {@code stop} is requested. */
    synchronized void enterRun() {
        running = true;
    }

    /** The second Ctrl-C of a stopped run still ends the process. */
    synchronized void leaveRun() {
        running = false;
    }
}
