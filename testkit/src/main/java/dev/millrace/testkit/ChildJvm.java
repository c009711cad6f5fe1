package dev.millrace.testkit;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * A child JVM: a main class in a process of its own, with the class path of this JVM unless told otherwise, and with the
 * same {@code java} as this one. Its standard output and standard error go to a log file, appended to when the child is
 * started again. It does not outlive this JVM (see {@link Watchdog}). Its main must not read standard input.
 *
 * <p>Thread-safe. {@link #awaitReady}, {@link #terminate} and {@link #pause} block.
 */
final class ChildJvm implements AutoCloseable {
    private static final long POLL_MS = 20;
    /**
     * Ctrl-C reaches the whole process group of a terminal. What it means is this JVM's to decide; brokers that end by
     * themselves would pull the floor from under a program that wants to end in order. An ignored signal stays ignored
     * over exec, and HotSpot leaves it alone.
     */
    private static final List<String> DEAF_TO_INTERRUPTS = Files.isExecutable(Path.of("/bin/sh"))
            ? List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh") : List.of();
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final ChildLog log;
    /** Written by the thread that pauses or resumes. */
    private volatile boolean paused;

    private ChildJvm(String name, Process process, ChildLog log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /**
     * Prepares a child.
     *
     * @param name what the child is called in messages, and its log file's name
     * @param mainClass the name of a class with a {@code main} method; neither has to be public
     */
    static Builder builder(String name, String mainClass) {
        return new Builder(name, mainClass);
    }

    /** The {@code java} command of this JVM. */
    static String javaCommand() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /**
     * This JVM's class path, with absolute entries, for a child has another working folder; under Surefire the real
     * one, which Surefire hides behind a jar.
     */
    static String classPath() {
        String underTest = System.getProperty("surefire.test.class.path");
        String path = underTest != null && !underTest.isBlank() ? underTest : System.getProperty("java.class.path");
        return Arrays.stream(path.split(File.pathSeparator)).filter(entry -> !entry.isEmpty())
                .map(entry -> entry.endsWith("*") ? entry : new File(entry).getAbsolutePath())
                .collect(Collectors.joining(File.pathSeparator));
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    boolean isPaused() {
        return paused && isAlive();
    }

    /** The exit code, or empty while the child runs; 128 + the signal's number for one ended by a signal. */
    OptionalInt exitCode() {
        return isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    /** What this child writes; lines of an earlier child with the same log file come first. */
    ChildLog log() {
        return log;
    }

    /** The last lines of the log, at most {@code lines} of them. */
    String logTail(int lines) {
        return log.tail(lines);
    }

    /**
     * Blocks until {@code ready} says so; asked every 20 ms.
     *
     * @param what what is waited for, in words, for the message
     * @throws ChildProcessException when the child ends first, or the time runs out; the child is left as it is
     */
    void awaitReady(String what, BooleanSupplier ready, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!ready.getAsBoolean()) {
            if (!isAlive()) {
                throw failure(name + " ended with exit code " + process.exitValue() + " before " + what);
            }
            if (System.nanoTime() - deadline > 0) {
                throw failure(name + " runs, but after " + timeout.toMillis() + " ms still waiting: " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw failure("interrupted while waiting for " + name + ": " + what);
            }
        }
    }

    /** Blocks until this child, not an earlier one with the same log, has written a line that contains {@code text}. */
    void awaitLogLine(String text, Duration timeout) {
        awaitReady("a log line with \"" + text + "\"", () -> log.contains(text), timeout);
    }

    private ChildProcessException failure(String message) {
        return new ChildProcessException(message + "\n--- end of " + log.file() + " ---\n" + logTail(40));
    }

    /** Asks the child to end (SIGTERM), and kills it when it has not ended after {@code patience}. Blocks. */
    void terminate(Duration patience) {
        if (paused) {
            resume();
        }
        // Process.destroy would close the child's standard input as well, which says that its parent is gone.
        process.toHandle().destroy();
        if (!awaitExit(patience)) {
            kill();
        }
    }

    /** SIGKILL; blocks until the process is gone, which takes milliseconds. */
    void kill() {
        process.destroyForcibly();
        // An interrupted test still has to clean up: a folder cannot be deleted under a process that writes to it.
        boolean interrupted = Thread.interrupted();
        boolean ended = awaitExit(KILL_PATIENCE);
        if (!ended && Thread.interrupted()) {
            interrupted = true;
            awaitExit(KILL_PATIENCE);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** SIGKILL. */
    @Override
    public void close() {
        kill();
    }

    /** Blocks until the child has ended or the time is over, and says whether it has. */
    boolean awaitExit(Duration timeout) {
        try {
            return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !isAlive();
        }
    }

    /**
     * SIGSTOP: the child stands still, its connections stay open. Blocks until none of its threads runs any more: each
     * stops when it next leaves the kernel, which on a busy machine may be after {@code kill} has returned.
     */
    void pause() {
        signal("STOP");
        paused = true;
        ThreadStates threads = new ThreadStates(pid());
        awaitReady("all of its threads to stand still", threads::areStopped, STOP_PATIENCE);
    }

    /** SIGCONT. */
    void resume() {
        signal("CONT");
        paused = false;
    }

    private void signal(String signal) {
        if (!isAlive()) {
            throw new ChildProcessException(name + " is not running; it cannot get a SIG" + signal);
        }
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
                    .redirectErrorStream(true).redirectOutput(Redirect.DISCARD).start();
            int code = kill.waitFor();
            if (code != 0) {
                throw new ChildProcessException("kill -" + signal + " " + pid() + " (" + name + ") gave exit code "
                        + code);
            }
        } catch (IOException e) {
            throw new ChildProcessException("no \"kill\" command to send SIG" + signal + " to " + name
                    + "; pausing needs a Unix", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChildProcessException("interrupted while sending SIG" + signal + " to " + name, e);
        }
    }

    @Override
    public String toString() {
        return name + " (pid " + pid() + (isAlive() ? paused ? ", paused)" : ")" : ", ended)");
    }

    /** What a child is started with. Not thread-safe. */
    static final class Builder {
        private final String name;
        private final String mainClass;
        private final List<String> jvmArgs = new ArrayList<>();
        private final List<String> args = new ArrayList<>();
        /** Null for this JVM's own. */
        private String classPath;

        private Builder(String name, String mainClass) {
            this.name = name;
            this.mainClass = mainClass;
            if (Runtime.version().feature() >= 24) {
                // The codecs' libraries load natives and use Unsafe; 24+ warns of both at run time.
                jvmArgs.add("--enable-native-access=ALL-UNNAMED");
                jvmArgs.add("--sun-misc-unsafe-memory-access=allow");
            }
        }

        /** Flags for the JVM; of flags that contradict each other, the last one counts. */
        Builder jvmArgs(List<String> more) {
            jvmArgs.addAll(more);
            return this;
        }

        /** Another class path than this JVM's, with the testkit on it; null for this JVM's. */
        Builder classPath(String other) {
            classPath = other;
            return this;
        }

        /** Arguments of the main class. */
        Builder args(List<String> more) {
            args.addAll(more);
            return this;
        }

        /**
         * Starts the child, with {@code folder} as its working folder and its log in {@code folder/name.log}.
         *
         * @throws ChildProcessException when no process could be started
         */
        ChildJvm start(Path folder) {
            File logFile = folder.resolve(name.replace(' ', '-') + ".log").toFile();
            List<String> command = new ArrayList<>(DEAF_TO_INTERRUPTS);
            command.add(javaCommand());
            command.addAll(jvmArgs);
            command.addAll(List.of("-cp", classPath == null ? ChildJvm.classPath() : classPath,
                    ChildMain.class.getName(), mainClass));
            command.addAll(args);
            ChildLog log = new ChildLog(logFile, logFile.length());
            Process process;
            try {
                process = new ProcessBuilder(command).directory(folder.toFile())
                        .redirectErrorStream(true).redirectOutput(Redirect.appendTo(logFile)).start();
            } catch (IOException e) {
                throw new ChildProcessException(name + " could not be started with " + javaCommand(), e);
            }
            try {
                Watchdog.watch(process);
            } catch (RuntimeException e) {
                process.destroyForcibly();
                throw e;
            }
            return new ChildJvm(name, process, log);
        }
    }
}
