package dev.millrace.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A sample as its README runs it: by its launcher, as a process, with its output in files and a temporary folder of its own. */
final class LaunchedSample {
    private static final long LIMIT_SECONDS = 120;

    private final Process process;
    private final Path folder;

    private LaunchedSample(Process process, Path folder) {
        this.process = process;
        this.folder = folder;
    }

    /** @param folder for its output; made when it is missing, and used by nobody else at the time */
    static LaunchedSample start(Path folder, String launcher, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of("bin", launcher).toAbsolutePath().toString()));
        command.addAll(List.of(args));
        Path tmp = Files.createDirectories(folder.resolve("tmp"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(folder.resolve("out").toFile()).redirectError(folder.resolve("err").toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("MILLRACE_BUILD", "never");
        builder.environment().put("JAVA_OPTS", "-Xmx256m -Djava.io.tmpdir=" + tmp);
        return new LaunchedSample(builder.start(), folder);
    }

    /** Waits for its end, and that it leaves neither files nor a broker that knows the folder. */
    int awaitExit() throws IOException, InterruptedException {
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertTrue(ended, () -> "did not end" + this);
        // A broker's end is waited for, by its watchdog at the latest.
        awaitTrue(() -> leftBehind().isEmpty());
        assertEquals(List.of(), leftBehind());
        return process.exitValue();
    }

    /** SIGKILL, which leaves it no time for anything. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Waits for something it says; fails when it ends before. */
    void await(BooleanSupplier said) throws InterruptedException {
        awaitTrue(() -> said.getAsBoolean() || !process.isAlive());
        assertTrue(said.getAsBoolean(), this::toString);
    }

    private static void awaitTrue(BooleanSupplier condition) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS / 2);
        while (!condition.getAsBoolean() && System.nanoTime() - deadlineNs < 0) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private List<String> leftBehind() {
        Path tmp = folder.resolve("tmp");
        List<String> left = new ArrayList<>(ProcessHandle.allProcesses()
                .filter(ProcessHandle::isAlive)
                .map(handle -> handle.info().commandLine().orElse(""))
                .filter(line -> line.contains(tmp.toString()))
                .toList());
        try (Stream<Path> files = Files.list(tmp)) {
            files.map(Path::toString).filter(name -> !name.contains("hsperfdata")).forEach(left::add);
        } catch (IOException e) {
            left.add(e.toString());
        }
        return left;
    }

    String out() {
        return read("out");
    }

    String err() {
        return read("err");
    }

    private String read(String file) {
        try {
            return Files.readString(folder.resolve(file));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Override
    public String toString() {
        return "\n--- out:\n" + out() + "\n--- err:\n" + err();
    }
}
