package dev.millrace.perf.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A run in a process of its own. What it prints comes line by line; the end of its standard input asks it to stop, so it stops
 * in order however this process ends, and nobody has to send signals. It is killed when it does not.
 *
 * <p>For one thread, beside the one that reads the lines.
 */
public final class RunProcess implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(50);
    /** A run that is asked to stop waits 2 s for acknowledgements, and then deletes its topic, closes, and ends. */
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);
    /** This process is ending, and somebody waits for that. */
    private static final Duration EXIT_PATIENCE = Duration.ofSeconds(4);
    private static final int TAIL_LINES = 30;

    private final Process process;
    private final Thread reader;
    private final Thread hook = new Thread(this::endWithThisProcess, "millrace-perf-run-end");
    /** Guarded by itself. */
    private final Deque<String> tail = new ArrayDeque<>();
    /** Written by the reader. */
    private volatile long lastLineNs = System.nanoTime();

    private RunProcess(Process process, Consumer<String> lines) {
        this.process = process;
        this.reader = new Thread(() -> read(lines), "millrace-perf-run-output");
        reader.setDaemon(true);
    }

    /**
     * Starts it.
     *
     * @param lines gets each line of its standard output and its standard error, on a thread of its own
     * @throws UncheckedIOException when there can be no such process
     */
    public static RunProcess start(List<String> command, Consumer<String> lines) {
        try {
            RunProcess run = new RunProcess(new ProcessBuilder(command).redirectErrorStream(true).start(), lines);
            run.begin();
            return run;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start a process: " + e.getMessage(), e);
        }
    }

    private void begin() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            process.destroyForcibly();
            throw e;
        }
        reader.start();
    }

    private void read(Consumer<String> lines) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lastLineNs = System.nanoTime();
                synchronized (tail) {
                    tail.addLast(line);
                    if (tail.size() > TAIL_LINES) {
                        tail.removeFirst();
                    }
                }
                lines.accept(line);
            }
        } catch (IOException e) {
            // The process was killed; its end is noticed by who waits for it.
        }
    }

    /**
     * Blocks until it has ended and all its lines are read.
     *
     * @param stop ends it early when it says so
     * @param silence after so long without a line it is killed
     * @return its exit code; as of a killed process when it was
     */
    public int await(BooleanSupplier stop, Duration silence) throws InterruptedException {
        boolean asked = false;
        while (!process.waitFor(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
            if (!asked && stop.getAsBoolean()) {
                asked = true;
                end(STOP_PATIENCE);
            } else if (System.nanoTime() - lastLineNs > silence.toNanos()) {
                process.destroyForcibly();
            }
        }
        reader.join(EXIT_PATIENCE.toMillis());
        return process.exitValue();
    }

    /** The last lines it printed. */
    public String tail() {
        synchronized (tail) {
            return String.join("\n", tail);
        }
    }

    /** Asks it to stop, and kills it when it does not within {@code patience}. Blocks. */
    private void end(Duration patience) throws InterruptedException {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // It is gone already.
        }
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
        }
    }

    private void endWithThisProcess() {
        try {
            end(EXIT_PATIENCE);
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This process is ending, and the hook does its work.
        }
    }
}
