package dev.millrace.testkit;

import java.time.Instant;
import java.util.Optional;

/**
 * A process id together with the time its process started: ids are used again, and the watchdog must never kill a
 * stranger that got the id of a child that is gone.
 *
 * @param pid the process id
 * @param startMillis when it started, in ms since 1970, or 0 when the platform does not tell
 */
record WatchedProcess(long pid, long startMillis) {
    /** Two JVMs read the machine's boot time, which start times build on, with a resolution of one second. */
    static final long TOLERANCE_MS = 2_000;

    /** Reads {@code PID START_MS}; half a line gives a process that is never found. */
    static WatchedProcess parse(String text) {
        String[] parts = text.trim().split(" ");
        try {
            return new WatchedProcess(Long.parseLong(parts[0]), parts.length > 1 ? Long.parseLong(parts[1]) : 0);
        } catch (NumberFormatException e) {
            return new WatchedProcess(-1, 0);
        }
    }

    /** Whether the process that was meant still runs. */
    boolean isAlive() {
        return find().isPresent();
    }

    /** SIGKILL, which ends stopped processes too. Does nothing when the process is gone. */
    void kill() {
        find().ifPresent(ProcessHandle::destroyForcibly);
    }

    private Optional<ProcessHandle> find() {
        if (pid <= 0) {
            return Optional.empty();
        }
        return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).filter(this::isSame);
    }

    private boolean isSame(ProcessHandle found) {
        long foundStart = found.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return startMillis == 0 || foundStart == 0 || Math.abs(foundStart - startMillis) <= TOLERANCE_MS;
    }
}
