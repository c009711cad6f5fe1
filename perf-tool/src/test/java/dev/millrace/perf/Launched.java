package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** {@code bin/millrace-perf} as a user starts it: a process with its output in files and a temporary folder of its own. */
final class Launched {
    static final Path LAUNCHER = Path.of("bin/millrace-perf").toAbsolutePath();
    private static final long LIMIT_SECONDS = 120;

    private final Process process;
    private final Path folder;

    private Launched(Process process, Path folder) {
        this.process = process;
        this.folder = folder;
    }

    static Launched start(Path folder, String... args) throws IOException {
        return start(folder, LAUNCHER, Map.of(), args);
    }

    /**
     * @param folder for its output, and its working folder
     * @param environment over the test's own
     */
    static Launched start(Path folder, Path launcher, Map<String, String> environment, String... args) throws IOException {
        Files.createDirectories(folder.resolve("tmp"));
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile());
        Map<String, String> variables = builder.environment();
        variables.put("JAVA_HOME", System.getProperty("java.home"));
        // The build under test, and not another build inside it.
        variables.put("MILLRACE_BUILD", "never");
        variables.put("JAVA_OPTS", "-Xmx512m -Djava.io.tmpdir=" + folder.resolve("tmp"));
        variables.remove("MILLRACE_JVM_OPTS");
        variables.putAll(environment);
        return new Launched(builder.start(), folder);
    }

    /** Waits for the end, and checks that it left nothing behind. */
    Launched expectExit(int code) throws IOException, InterruptedException {
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        assertTrue(ended, () -> "did not end within " + LIMIT_SECONDS + " s" + this);
        assertEquals(code, process.exitValue(), this::toString);
        assertTrue(awaitTrue(() -> leftBehind().isEmpty()), () -> "left behind: " + leftBehind());
        return this;
    }

    /** Ctrl-C. */
    void interrupt() throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor());
    }

    void awaitErr(String text) throws InterruptedException {
        assertTrue(awaitTrue(() -> err().contains(text) || !process.isAlive()), () -> "no '" + text + "'" + this);
        assertTrue(err().contains(text), () -> "no '" + text + "'" + this);
    }

    private static boolean awaitTrue(BooleanSupplier condition) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs > 0) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return true;
    }

    /** Processes that know the temporary folder, and what is in it. */
    private List<String> leftBehind() {
        String tmp = folder.resolve("tmp").toString();
        List<String> left = new ArrayList<>(ProcessHandle.allProcesses()
                .filter(ProcessHandle::isAlive)
                .map(handle -> handle.info().commandLine().orElse(""))
                .filter(line -> line.contains(tmp))
                .toList());
        try (Stream<Path> files = Files.list(Path.of(tmp))) {
            files.map(Path::toString).filter(name -> !name.contains("hsperfdata") && !name.endsWith("jmh.lock")).forEach(left::add);
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

    Launched assertOut(String... parts) {
        for (String part : parts) {
            assertTrue(out().contains(part), () -> "no '" + part + "' on standard output" + this);
        }
        return this;
    }

    Launched assertErr(String... parts) {
        for (String part : parts) {
            assertTrue(err().contains(part), () -> "no '" + part + "' on standard error" + this);
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

    @Override
    public String toString() {
        return "\n--- out:\n" + out() + "\n--- err:\n" + err();
    }
}
