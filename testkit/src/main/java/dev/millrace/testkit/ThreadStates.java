package dev.millrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What the threads of a process do, as Linux tells it in {@code /proc/PID/task/TID/stat} (proc_pid_stat(5)). Elsewhere
 * nothing is known of them, and a stopped process counts as still at once.
 */
final class ThreadStates {
    private final Path tasks;

    ThreadStates(long pid) {
        tasks = Path.of("/proc", Long.toString(pid), "task");
    }

    /** Whether every thread is stopped by a signal, or has ended. */
    boolean areStopped() {
        if (!Files.isDirectory(tasks)) {
            return true;
        }
        try (Stream<Path> threads = Files.list(tasks)) {
            return threads.allMatch(thread -> isStopped(thread.resolve("stat")));
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("the threads under " + tasks + " can't be listed", e);
        }
    }

    private static boolean isStopped(Path stat) {
        try {
            String line = Files.readString(stat);
            // "TID (NAME) STATE ...", and a name may hold anything, parentheses too.
            char state = line.charAt(line.lastIndexOf(')') + 2);
            return "TtZX".indexOf(state) >= 0;
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            // A thread that ends while it is read of gives ESRCH; the next look does not find it.
            return false;
        }
    }
}
