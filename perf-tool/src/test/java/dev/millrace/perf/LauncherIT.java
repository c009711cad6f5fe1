package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher from elsewhere, through links, and on machines that lack something. */
class LauncherIT {
    static final Path LAUNCHER = Path.of("bin/millrace-perf").toAbsolutePath();

    @TempDir
    Path folder;

    private LaunchedProgram start(Map<String, String> environment, String... args) throws IOException {
        return LaunchedProgram.start(folder, LAUNCHER, environment, args);
    }

    private Path executable(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    @Test
    void shouldRunThroughLinksFromAnyFolderAndPrintNoWarnings() throws IOException, InterruptedException {
        Path absolute = Files.createSymbolicLink(folder.resolve("absolute"), LAUNCHER);
        Path relative = Files.createSymbolicLink(folder.resolve("relative"), Path.of("absolute"));
        LaunchedProgram run = LaunchedProgram.start(folder, relative, "--version").expectExit(0);
        assertTrue(run.out().startsWith("millrace-perf 0."), run::toString);
        assertEquals("", run.err());
        // JUnit warns of links that lead out of its folder.
        Files.delete(relative);
        Files.delete(absolute);
    }

    @Test
    void shouldPassTheExitCodeAndTheJvmFlagsOn() throws IOException, InterruptedException {
        start(Map.of(), "produce", "--nope").expectExit(2);
        start(Map.of("MILLRACE_JVM_OPTS", "-Xlog:gc=off -XX:+PrintFlagsFinal"), "--version").expectExit(0)
                .assertOut("MaxHeapSize");
    }

    @Test
    void shouldSayWhichJavaIsTooOld() throws IOException, InterruptedException {
        executable("old/bin/java", "#!/bin/sh\nexit 99\n");
        Files.writeString(folder.resolve("old/release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"11.0.2\"\n");
        start(Map.of("JAVA_HOME", folder.resolve("old").toString()), "--version")
                .expectExit(1).assertErr("needs Java 17 or newer", "11.0.2", folder.resolve("old/bin/java").toString());
        Files.writeString(folder.resolve("old/release"), "JAVA_VERSION=\"1.8.0_402\"\n");
        start(Map.of("JAVA_HOME", folder.resolve("old").toString()), "--version")
                .expectExit(1).assertErr("1.8.0_402");
    }

    @Test
    void shouldAskAJavaWithoutReleaseFile() throws IOException, InterruptedException {
        executable("odd/bin/java", "#!/bin/sh\necho 'openjdk version \"16.0.1\" 2021-04-20' >&2\n");
        start(Map.of("JAVA_HOME", folder.resolve("odd").toString()), "--version").expectExit(1).assertErr("is 16.0.1");
    }

    @Test
    void shouldSayThatThereIsNoJava() throws IOException, InterruptedException {
        start(Map.of("JAVA_HOME", folder.resolve("none").toString())).expectExit(1).assertErr("JAVA_HOME is", "bin/java");
    }
}
