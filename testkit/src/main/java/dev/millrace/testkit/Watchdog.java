package dev.millrace.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Sees to it that no child process and no temporary folder outlives this JVM, however it ends. Three nets, one below
 * the other:
 * <ol>
 * <li>a shutdown hook, for a JVM that ends by itself, by {@code System.exit} or by SIGTERM;</li>
 * <li>one small process beside this JVM ({@link WatchdogMain}), which notices the end of this JVM by the end of its
 * standard input. It is told of every child and folder before anything else happens to them, so it works after a
 * SIGKILL of this JVM, and for children that are stopped by SIGSTOP and cannot end by themselves;</li>
 * <li>every child's own standard input ({@link ChildMain}), for the instant between the start of a child and its
 * registration.</li>
 * </ol>
 * The watchdog runs in a session of its own where {@code setsid} exists, and ignores SIGINT, SIGTERM and SIGHUP: a
 * Ctrl-C that reaches the whole process group of this JVM does not end it. Thread-safe.
 */
final class Watchdog {
    /** Waited for the children in the shutdown hook; they get a SIGKILL, so they are quick. */
    private static final long EXIT_WAIT_SECONDS = 5;

    private static final Object LOCK = new Object();
    /** Guarded by LOCK. Strong references: a child whose {@link Process} is collected loses its standard input. */
    private static final Set<Process> CHILDREN = new LinkedHashSet<>();
    /** Guarded by LOCK. The line the watchdog was told for a child, kept to tell it again to a successor. */
    private static final Map<Process, String> LINES = new HashMap<>();
    /** Guarded by LOCK. */
    private static final Set<Path> FOLDERS = new LinkedHashSet<>();
    /** Guarded by LOCK; null until something is watched. */
    private static Process watchdog;
    /** Guarded by LOCK; set when this JVM is ending. */
    private static boolean ending;

    private Watchdog() {
    }

    /** Ends this process when this JVM ends. Forgets it by itself when it ends earlier. */
    static void watch(Process child) {
        synchronized (LOCK) {
            if (ending) {
                child.destroyForcibly();
                throw new IllegalStateException("this JVM is ending; no more child processes can be started");
            }
            String line = child.pid() + " " + child.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
            CHILDREN.add(child);
            LINES.put(child, line);
            tell("+pid " + line);
        }
        child.onExit().thenRun(() -> unwatch(child));
    }

    /** Deletes this folder when this JVM ends. */
    static void watch(Path folder) {
        synchronized (LOCK) {
            FOLDERS.add(folder);
            tell("+dir " + folder.toUri());
        }
    }

    static void unwatch(Path folder) {
        synchronized (LOCK) {
            if (FOLDERS.remove(folder) && !ending) {
                tell("-dir " + folder.toUri());
            }
        }
    }

    private static void unwatch(Process child) {
        synchronized (LOCK) {
            String line = LINES.remove(child);
            if (CHILDREN.remove(child) && !ending) {
                tell("-pid " + line);
            }
        }
    }

    /** Caller holds LOCK. A watchdog that was killed gets one successor, which is told everything again. */
    private static void tell(String line) {
        try {
            if (watchdog == null) {
                Runtime.getRuntime().addShutdownHook(new Thread(Watchdog::endAll, "millrace-testkit-shutdown"));
                watchdog = start();
            }
            if (watchdog.isAlive()) {
                write(watchdog.getOutputStream(), line);
                return;
            }
            watchdog = start();
            for (Path folder : FOLDERS) {
                write(watchdog.getOutputStream(), "+dir " + folder.toUri());
            }
            for (String child : LINES.values()) {
                write(watchdog.getOutputStream(), "+pid " + child);
            }
        } catch (IOException e) {
            throw new ChildProcessException("the testkit's watchdog process could not be started or told \"" + line
                    + "\"; without it child processes might outlive this JVM", e);
        }
    }

    private static void write(OutputStream out, String line) throws IOException {
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static Process start() throws IOException {
        List<String> command = new ArrayList<>();
        Path shell = Path.of("/bin/sh");
        if (Files.isExecutable(shell)) {
            // Ignored signals stay ignored over exec, and HotSpot leaves them alone.
            command.addAll(List.of(shell.toString(), "-c", "trap '' INT HUP TERM; "
                    + "if command -v setsid >/dev/null 2>&1; then exec setsid \"$@\"; else exec \"$@\"; fi", "sh"));
        }
        command.addAll(List.of(ChildJvm.javaCommand(), "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "-Xmx16m", "-XX:-UsePerfData", "-cp", ownClassPath(), WatchdogMain.class.getName()));
        // Nobody reads what it says, and an inherited output would keep a build's pipe open.
        return new ProcessBuilder(command)
                .directory(Path.of(System.getProperty("java.io.tmpdir")).toFile())
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD)
                .start();
    }

    /** Where the testkit's own classes are: the watchdog needs no others, and starts the sooner. */
    private static String ownClassPath() {
        try {
            CodeSource source = WatchdogMain.class.getProtectionDomain().getCodeSource();
            if (source != null && source.getLocation() != null && source.getLocation().getProtocol().equals("file")) {
                return Path.of(source.getLocation().toURI()).toString();
            }
        } catch (URISyntaxException e) {
            // A folder whose name is no URL: the whole class path does as well.
        }
        return ChildJvm.classPath();
    }

    /** The shutdown hook: what the watchdog would do, without the wait for it. */
    private static void endAll() {
        List<Process> children;
        List<Path> folders;
        synchronized (LOCK) {
            ending = true;
            children = List.copyOf(CHILDREN);
            folders = List.copyOf(FOLDERS);
        }
        children.forEach(Process::destroyForcibly);
        try {
            for (Process child : children) {
                child.waitFor(EXIT_WAIT_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Path folder : folders) {
            try {
                TempFolder.deleteTree(folder);
            } catch (IOException e) {
                // The watchdog tries again in a moment: its standard input ends with this JVM.
            }
        }
    }
}
