package dev.millrace;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is to be closed when a producer is, or when it could not be made: everything, even if some of it fails, each once,
 * and what was made last first. Thread-safe.
 */
final class Closing {

    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private record Entry(String name, AutoCloseable closeable) {
    }

    /** Guarded by this. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    /** To be closed before all there is so far. */
    synchronized void add(String name, AutoCloseable closeable) {
        entries.addFirst(new Entry(name, closeable));
    }

    /** Somebody else closes it from now on. */
    synchronized void forget(AutoCloseable closeable) {
        entries.removeIf(entry -> entry.closeable() == closeable);
    }

    /** Closes all, and returns the first exception or null. */
    Exception closeAll() {
        Exception first = null;
        for (Entry entry; (entry = next()) != null; ) {
            try {
                entry.closeable().close();
            } catch (Exception e) {
                LOG.error("Failed to close the producer's {}", entry.name(), e);
                first = first != null ? first : e;
            }
        }
        return first;
    }

    private synchronized Entry next() {
        return entries.pollFirst();
    }
}
