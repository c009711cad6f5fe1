package dev.millrace.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The watchdog's process: reads {@code +pid PID START_MS}, {@code -pid ...}, {@code +dir URI} and {@code -dir URI}
 * lines from standard input, and when that ends, because the parent did, kills every process and deletes every folder
 * it was told of and ends itself.
 */
final class WatchdogMain {
    private static final int DELETE_ATTEMPTS = 50;
    private static final long PAUSE_MS = 100;

    private final Set<WatchedProcess> processes = new LinkedHashSet<>();
    private final Set<Path> folders = new LinkedHashSet<>();

    private WatchdogMain() {
    }

    /** Runs until standard input ends. */
    public static void main(String[] args) throws InterruptedException {
        WatchdogMain watchdog = new WatchdogMain();
        watchdog.listen();
        watchdog.cleanUp();
    }

    private void listen() {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            String line;
            while ((line = in.readLine()) != null) {
                obey(line);
            }
        } catch (IOException e) {
            // A broken pipe is an ended parent too.
        }
    }

    private void obey(String line) {
        int space = line.indexOf(' ');
        String subject = line.substring(space + 1);
        switch (line.substring(0, Math.max(space, 0))) {
            case "+pid" -> processes.add(WatchedProcess.parse(subject));
            case "-pid" -> processes.remove(WatchedProcess.parse(subject));
            case "+dir" -> folders.add(Path.of(URI.create(subject)));
            case "-dir" -> folders.remove(Path.of(URI.create(subject)));
            default -> {
                // Half a line, from a parent that died while it wrote.
            }
        }
    }

    private void cleanUp() throws InterruptedException {
        processes.forEach(WatchedProcess::kill);
        // No wait for their end is needed: while one still writes, its folder is not empty and is tried again; once
        // the folder is gone, nobody makes it anew.
        for (int attempt = 0; attempt < DELETE_ATTEMPTS && !folders.isEmpty(); attempt++) {
            folders.removeIf(WatchdogMain::deleted);
            if (!folders.isEmpty()) {
                Thread.sleep(PAUSE_MS);
            }
        }
    }

    private static boolean deleted(Path folder) {
        try {
            TempFolder.deleteTree(folder);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
