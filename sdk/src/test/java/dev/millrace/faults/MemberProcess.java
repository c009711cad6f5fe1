package dev.millrace.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@link MemberMain} in a process of its own, to be told what to do, killed and stopped. It ends with this JVM, whose pipe it listens to. */
final class MemberProcess implements AutoCloseable {

    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(Long.getLong("millrace.faults.patience", 120));
    private static final int TAIL = 60;

    private final Process process;
    private final Path errors;
    private final PrintStream commands;
    /** What it said; guarded by itself. */
    private final List<String> lines = new ArrayList<>();

    private MemberProcess(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread listening = new Thread(this::listen, "member-" + process.pid());
        listening.setDaemon(true);
        listening.start();
    }

    /** Starts one; {@link #awaitLine} for "ready" waits until it is. */
    static MemberProcess start() {
        try {
            Path errors = Files.createTempFile("millrace-member", ".log");
            List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-ea",
                    "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                    "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"));
            if (Runtime.version().feature() >= 24)
                command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
            command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    MemberMain.class.getName()));
            return new MemberProcess(new ProcessBuilder(command).redirectError(Redirect.to(errors.toFile())).start(), errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void listen() {
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
            String line;
            while ((line = said.readLine()) != null) {
                synchronized (lines) {
                    lines.add(line);
                    lines.notifyAll();
                }
            }
        } catch (IOException e) {
            // It was killed.
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void tell(String... words) {
        commands.println(String.join("\t", words));
    }

    /** Blocks until it has said a line with this beginning, and returns the first one. */
    String awaitLine(String beginning) throws InterruptedException {
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        synchronized (lines) {
            while (true) {
                for (String line : lines)
                    if (line.startsWith(beginning))
                        return line;
                if (!process.isAlive() || System.nanoTime() - deadlineNs > 0)
                    break;
                lines.wait(200);
            }
        }
        throw new IllegalStateException((process.isAlive() ? "waited in vain for '" : "ended before '") + beginning + "'\n" + tail()
                + "\n" + stacks());
    }

    /** What its threads do. */
    private String stacks() throws InterruptedException {
        int before = lines.size();
        try {
            signal("QUIT");
        } catch (IOException e) {
            return e.toString();
        }
        // A dump has some hundred lines, and nothing says which is its last.
        TimeUnit.SECONDS.sleep(2);
        synchronized (lines) {
            return String.join("\n", lines.subList(before, lines.size()));
        }
    }

    /** The line with this beginning, if it was said; else null. */
    String line(String beginning) {
        synchronized (lines) {
            return lines.stream().filter(line -> line.startsWith(beginning)).findFirst().orElse(null);
        }
    }

    /** Lines of its log with this in them, up to now. */
    int logged(String text) {
        try (var all = Files.lines(errors)) {
            return (int) all.filter(line -> line.contains(text)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The end of its log. */
    String tail() {
        try {
            List<String> all = Files.readAllLines(errors);
            return String.join("\n", all.subList(Math.max(0, all.size() - TAIL), all.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGSTOP. */
    void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** SIGCONT. */
    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        if (new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor() != 0)
            throw new IOException("kill -" + signal + " " + process.pid() + " failed");
    }

    @Override
    public void close() {
        try {
            kill();
            Files.deleteIfExists(errors);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
