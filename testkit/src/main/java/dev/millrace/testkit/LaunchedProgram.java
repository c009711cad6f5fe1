package dev.millrace.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A program of this project as a user starts it: by its launcher, as a process, with its output in files and a temporary folder of
 * its own, which shows what it left behind. It runs the build that is there, on this JVM's Java, with a heap of 512 MB.
 *
 * <p>For one thread. What fails is told by an {@link AssertionError} with all that the program wrote.
 */
public final class LaunchedProgram {
    private static final long LIMIT_SECONDS = 120;
    private static final long PATIENCE_SECONDS = 60;
    private static final long POLL_MS = 10;

    private final Process process;
    private final Path folder;

    private LaunchedProgram(Process process, Path folder) {
        this.process = process;
        this.folder = folder;
    }

    /** As {@link #start(Path, Path, Map, String...)}, with nothing in the environment but what every program gets. */
    public static LaunchedProgram start(Path folder, Path launcher, String... args) throws IOException {
        return start(folder, launcher, Map.of(), args);
    }

    /**
     * Starts a program; does not block.
     *
     * @param folder the program's working folder, with its output in {@code out} and {@code err} and its temporary files in
     *        {@code tmp}; made when it is missing, and used by no other program at the time
     * @param launcher what to run, absolute or from this JVM's working folder
     * @param environment more variables, or other values: of this JVM's, and of {@code JAVA_HOME}, {@code JAVA_OPTS} and
     *        {@code MILLRACE_BUILD}, which are set so that the build under test runs and not another build inside it
     * @throws IOException when the folder can't be made, or the launcher not be run
     */
    public static LaunchedProgram start(Path folder, Path launcher, Map<String, String> environment, String... args)
            throws IOException {
        Path tmp = Files.createDirectories(folder.resolve("tmp"));
        List<String> command = new ArrayList<>(List.of(launcher.toAbsolutePath().toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile());
        Map<String, String> variables = builder.environment();
        variables.put("JAVA_HOME", System.getProperty("java.home"));
        variables.put("MILLRACE_BUILD", "never");
        // Flags for short-lived brokers are as good for short-lived programs, and for the brokers that those start.
        String flags = System.getProperty(BrokerNode.JVM_ARGS_PROPERTY, "");
        variables.put("JAVA_OPTS", "-Xmx512m -Djava.io.tmpdir=" + tmp + " " + flags.replace(',', ' ')
                + " -D" + BrokerNode.JVM_ARGS_PROPERTY + "=" + flags);
        variables.remove("MILLRACE_JVM_OPTS");
        variables.putAll(environment);
        return new LaunchedProgram(builder.start(), folder);
    }

    /**
     * Blocks until the program has ended, at most 120 s, and until all that it started and all its temporary files are gone, at
     * most 60 s: a broker's end may be its watchdog's matter.
     *
     * @return its exit code; 128 and the signal's number after a signal
     * @throws AssertionError when it goes on, in which case it is killed, or leaves something behind
     */
    public int awaitExit() throws InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("did not end within " + LIMIT_SECONDS + " s" + this);
        }
        if (!awaitTrue(() -> leftBehind().isEmpty())) {
            throw new AssertionError("left behind: " + leftBehind());
        }
        return process.exitValue();
    }

    /**
     * As {@link #awaitExit}.
     *
     * @throws AssertionError also when the exit code is another
     */
    public LaunchedProgram expectExit(int code) throws InterruptedException {
        int found = awaitExit();
        if (found != code) {
            throw new AssertionError("exit code " + found + " instead of " + code + this);
        }
        return this;
    }

    /**
     * SIGINT, as by Ctrl-C.
     *
     * @throws AssertionError also when the program can't be interrupted because this JVM can't
     */
    public void interrupt() throws IOException, InterruptedException {
        if (ignoresInterrupts()) {
            throw new AssertionError("SIGINT is ignored by this JVM and all that it starts, as a shell has it for what runs behind '&' or"
                    + " nohup: run these tests in the foreground");
        }
        int exit = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        if (exit != 0) {
            throw new AssertionError("there is no process to interrupt" + this);
        }
    }

    /** An ignored signal stays ignored by all that a process starts. Known on Linux only (proc_pid_status(5)). */
    private boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        if (!Files.exists(status)) {
            return false;
        }
        try (Stream<String> lines = Files.lines(status)) {
            // A mask in hexadecimal, its lowest bit for signal 1; SIGINT is 2.
            return lines.filter(line -> line.startsWith("SigIgn:"))
                    .anyMatch(line -> (Long.parseUnsignedLong(line.substring("SigIgn:".length()).trim(), 16) & 0b10) != 0);
        }
    }

    /** SIGTERM. */
    public void terminate() {
        process.destroy();
    }

    /** SIGKILL, which leaves it no time for anything; blocks until it has ended. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /**
     * Blocks until the program has come to something, at most 60 s.
     *
     * @param said about what it wrote; asked every 10 ms
     * @throws AssertionError when it does not come to that, or ends before
     */
    public void await(BooleanSupplier said) throws InterruptedException {
        awaitTrue(() -> said.getAsBoolean() || !process.isAlive());
        if (!said.getAsBoolean()) {
            throw new AssertionError("did not come to what it was to say" + this);
        }
    }

    /** As {@link #await}, for a text on standard error. */
    public void awaitErr(String text) throws InterruptedException {
        await(() -> err().contains(text));
    }

    private static boolean awaitTrue(BooleanSupplier condition) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs > 0) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        return true;
    }

    /** Processes that know the temporary folder, and what is in it. */
    private List<String> leftBehind() {
        Path tmp = folder.resolve("tmp");
        List<String> left = new ArrayList<>(ProcessHandle.allProcesses()
                .filter(ProcessHandle::isAlive)
                .map(handle -> handle.info().commandLine().orElse(""))
                .filter(line -> line.contains(tmp.toString()))
                .toList());
        try (Stream<Path> files = Files.list(tmp)) {
            // Java's and JMH's own, which they leave by design.
            files.map(Path::toString).filter(name -> !name.contains("hsperfdata") && !name.endsWith("jmh.lock")).forEach(left::add);
        } catch (IOException e) {
            left.add(e.toString());
        }
        return left;
    }

    /** What it has written to standard output so far. */
    public String out() {
        return read("out");
    }

    /** What it has written to standard error so far. */
    public String err() {
        return read("err");
    }

    /** @throws AssertionError when a part is not on standard output */
    public LaunchedProgram assertOut(String... parts) {
        return assertContains("standard output", out(), parts);
    }

    /** @throws AssertionError when a part is not on standard error */
    public LaunchedProgram assertErr(String... parts) {
        return assertContains("standard error", err(), parts);
    }

    private LaunchedProgram assertContains(String where, String text, String... parts) {
        for (String part : parts) {
            if (!text.contains(part)) {
                throw new AssertionError("no '" + part + "' on " + where + this);
            }
        }
        return this;
    }

    private String read(String file) {
        try {
            return Files.readString(folder.resolve(file));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** All that it has written so far. */
    @Override
    public String toString() {
        return "\n--- out:\n" + out() + "\n--- err:\n" + err();
    }
}
