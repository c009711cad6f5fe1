package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchedProgramIT {
    @TempDir
    Path folder;

    private Path script(String text) throws IOException {
        Path script = Files.writeString(folder.resolve("script"), "#!/bin/sh\n" + text);
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }

    private LaunchedProgram start(String text, String... args) throws IOException {
        return LaunchedProgram.start(folder.resolve("run"), script(text), args);
    }

    @Test
    void shouldTellHowItEndedAndWhatItSaid() throws IOException, InterruptedException {
        LaunchedProgram run = start("echo \"to $1\"; echo \"from $PWD\" >&2; exit 3", "you").expectExit(3)
                .assertOut("to you").assertErr(folder.resolve("run").toString());
        assertThrows(AssertionError.class, () -> run.expectExit(0));
        assertThrows(AssertionError.class, () -> run.assertOut("to you", "to me"));
        assertThrows(AssertionError.class, () -> run.assertErr("to you"));
    }

    @Test
    void shouldGiveItJavaAndItsOwnTemporaryFolderUnlessToldOtherwise() throws IOException, InterruptedException {
        Path script = script("echo $JAVA_HOME $JAVA_OPTS $MILLRACE_BUILD");
        LaunchedProgram.start(folder.resolve("plain"), script).expectExit(0)
                .assertOut(System.getProperty("java.home"), folder.resolve("plain/tmp").toString(), "never");
        LaunchedProgram.start(folder.resolve("other"), script, Map.of("MILLRACE_BUILD", "always")).expectExit(0)
                .assertOut("always");
    }

    @Test
    void shouldEndItByASignal() throws IOException, InterruptedException {
        LaunchedProgram terminated = start("trap 'exit 7' TERM; echo ready; while :; do :; done");
        terminated.await(() -> terminated.out().contains("ready"));
        terminated.terminate();
        terminated.expectExit(7);
        LaunchedProgram killed = start("while :; do :; done");
        killed.kill();
        assertEquals(128 + 9, killed.awaitExit());
    }

    @Test
    void shouldNotWaitForWhatADeadProgramSays() throws IOException {
        LaunchedProgram run = start("echo unlike");
        AssertionError error = assertThrows(AssertionError.class, () -> run.awaitErr("like this"));
        assertTrue(error.getMessage().contains("unlike"), error::getMessage);
    }
}
