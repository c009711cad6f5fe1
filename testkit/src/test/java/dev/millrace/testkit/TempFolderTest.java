package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TempFolderTest {
    @Test
    void shouldDeleteAllItHoldsAndFollowNoLinks(@TempDir Path elsewhere) throws IOException {
        Path precious = Files.writeString(elsewhere.resolve("precious"), "keep me");
        TempFolder folder = TempFolder.create();
        assertTrue(folder.path().getFileName().toString().startsWith("millrace-testkit-"));
        Files.createDirectories(folder.path().resolve("a/b/c"));
        Files.writeString(folder.path().resolve("a/b/file"), "x");
        Files.createSymbolicLink(folder.path().resolve("link"), elsewhere);

        folder.close();
        folder.close();

        assertFalse(Files.exists(folder.path()));
        assertEquals("keep me", Files.readString(precious));
    }
}
