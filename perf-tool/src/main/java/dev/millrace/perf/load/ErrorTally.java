package dev.millrace.perf.load;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts errors by kind, and keeps the first message of each. Thread-safe. */
final class ErrorTally {
    private final Map<String, Kind> kinds = new ConcurrentHashMap<>();

    void add(Exception error) {
        kinds.computeIfAbsent(error.getClass().getSimpleName(), kind -> new Kind(message(error))).count.increment();
    }

    /** A transactional producer wraps what happened into a sentence that does not say it. */
    private static String message(Exception error) {
        Throwable cause = error.getCause();
        return cause == null ? error.getMessage()
                : error.getMessage() + ": " + cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }

    /** Each kind of error with its count and its first message. */
    Map<String, String> describe() {
        Map<String, String> described = new TreeMap<>();
        kinds.forEach((kind, error) -> described.put(kind, error.count.sum() + " x " + error.firstMessage));
        return described;
    }

    private static final class Kind {
        private final String firstMessage;
        private final LongAdder count = new LongAdder();

        Kind(String firstMessage) {
            this.firstMessage = firstMessage;
        }
    }
}
