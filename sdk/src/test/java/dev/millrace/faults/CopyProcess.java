package dev.millrace.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@link CopyMain}, or another program that copies, in a process of its own, to be killed and stopped. It ends with this JVM, whose pipe it listens to. */
final class CopyProcess implements AutoCloseable {

    private final Process process;
    private final Path log;

    private CopyProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    static CopyProcess start(List<String> args) {
        return start(CopyMain.class, args);
    }

    static CopyProcess start(Class<?> program, List<String> args) {
        try {
            Path log = Files.createTempFile("millrace-copy", ".log");
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                    // It lives for seconds.
                    "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    program.getName()));
            command.addAll(args);
            return new CopyProcess(new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Blocks until it has committed so many transactions more. */
    void awaitCommits(int more) throws InterruptedException {
        long target = commits() + more;
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (commits() < target) {
            if (!isAlive() || System.nanoTime() - deadlineNs > 0)
                throw new IllegalStateException((isAlive() ? "waited in vain for " : "ended before ") + target
                        + " commits\n" + tail());
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private long commits() {
        return count("committed");
    }

    /** Lines that it has written and that begin so. */
    long count(String beginning) {
        try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.startsWith(beginning)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes to its standard input. */
    void tell(char what) throws IOException {
        process.getOutputStream().write(what);
        process.getOutputStream().flush();
    }

    /** Blocks until it has written a line that begins so. */
    void awaitLine(String beginning) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (count(beginning) == 0) {
            if (!isAlive() || System.nanoTime() - deadlineNs > 0)
                throw new IllegalStateException((isAlive() ? "waited in vain for '" : "ended before '") + beginning + "'\n" + tail());
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGSTOP. */
    void pause() throws Exception {
        signal("STOP");
    }

    /** SIGCONT. */
    void resume() throws Exception {
        signal("CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        if (new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor() != 0)
            throw new IOException("kill -" + signal + " " + process.pid() + " failed");
    }

    /** Blocks until it has ended by itself; returns its exit code. */
    int awaitEnd(int seconds) throws InterruptedException {
        if (!process.waitFor(seconds, TimeUnit.SECONDS))
            throw new IllegalStateException("still running after " + seconds + " s\n" + tail());
        return process.exitValue();
    }

    String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            kill();
            Files.deleteIfExists(log);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
