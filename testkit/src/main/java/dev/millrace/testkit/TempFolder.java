package dev.millrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/**
 * A folder {@code millrace-testkit-*} under {@code java.io.tmpdir} that goes when it is closed, and at the latest when
 * this JVM ends, however it ends (see {@link Watchdog}). Children that write into it must have ended before it is
 * closed.
 */
final class TempFolder implements AutoCloseable {
    static final String PREFIX = "millrace-testkit-";

    private final Path path;

    private TempFolder(Path path) {
        this.path = path;
    }

    static TempFolder create() {
        Path path = Path.of(System.getProperty("java.io.tmpdir"), PREFIX + UUID.randomUUID()).toAbsolutePath();
        // Told before it is made: a JVM that is asked to end in between leaves no folder that nobody knows of.
        Watchdog.watch(path);
        try {
            Files.createDirectory(path, ownersOnly(path));
            return new TempFolder(path);
        } catch (IOException e) {
            Watchdog.unwatch(path);
            throw new UncheckedIOException("no temporary folder could be made under "
                    + System.getProperty("java.io.tmpdir"), e);
        }
    }

    private static FileAttribute<?>[] ownersOnly(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))}
                : new FileAttribute<?>[0];
    }

    Path path() {
        return path;
    }

    /** Deletes the folder with all it holds; doing it twice is harmless. */
    @Override
    public void close() {
        try {
            deleteTree(path);
            Watchdog.unwatch(path);
        } catch (IOException e) {
            throw new UncheckedIOException("temporary folder " + path + " could not be deleted; it is tried again when"
                    + " this JVM ends", e);
        }
    }

    /** Deletes a file or folder with all it holds, following no links. A file that is gone already is no error. */
    static void deleteTree(Path root) throws IOException {
        if (Files.notExists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
