package dev.millrace.internal.consumer.work;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An ordered queue of records, at most one of which runs. Many keys share a shard; only the records of one key wait for each other
 * when one of them fails: it is <em>parked</em>, and what comes later with its key is set aside behind it.
 *
 * <p>The poll thread adds; the unit's owner takes. They meet in one reference: null is idle, {@link #OWNED} is owned and nothing new,
 * anything else a stack of what was added, newest on top. Who adds to an idle shard owes it to the run queue.
 */
final class Shard implements Unit {

    /** Of a shard whose owner has taken all that was added; compared by identity, never handled. */
    private static final WorkRecord OWNED = WorkRecord.sentinel();

    /** Records of one key that wait behind the first of them. */
    private record Parked(WorkRecord first, Deque<WorkRecord> behind) {
    }

    /** A key of a partition's assignment; in the order PARTITION the key is null for all. */
    private record Key(AssignedPartition partition, ByteBuffer bytes) {
    }

    private final AtomicReference<WorkRecord> added = new AtomicReference<>();
    private final int level;
    private final boolean byKey;
    /** The oldest record taken out of {@link #added} and what follows it by link; the owner's. */
    private WorkRecord first;
    /** What waited behind a parked record that is over; goes before {@link #first}; the owner's, null until there was one. */
    private Deque<WorkRecord> freed;
    /** The owner's; null until a record failed. */
    private Map<Key, Parked> parked;

    Shard(int level, boolean byKey) {
        this.level = level;
        this.byKey = byKey;
    }

    @Override
    public int level() {
        return level;
    }

    /**
     * Adds a record behind all others, or tells the owner that a parked one goes on: it is due again, or no longer to be handled.
     * Poll thread.
     *
     * @return true when the caller must put the shard into the run queue
     */
    boolean add(WorkRecord record) {
        while (true) {
            WorkRecord top = added.get();
            record.link = top == OWNED ? null : top;
            if (added.compareAndSet(top, record))
                return top == null;
        }
    }

    @Override
    public WorkRecord next() {
        WorkRecord record;
        while ((record = take()) != null) {
            Parked waiting = waitingFor(record);
            if (waiting == null) {
                if (record.claim())
                    return record;
            } else if (waiting.first != record) {
                if (record.status() != WorkRecord.Status.DROPPED)
                    setAside(record, waiting);
            } else if (record.claim()) {
                return record;
            } else {
                // The poll thread says that it is over: its dead letter is out, or its partition is gone.
                free(record);
            }
        }
        return null;
    }

    private WorkRecord take() {
        if (freed != null && !freed.isEmpty())
            return freed.pollFirst();
        if (first == null) {
            WorkRecord top = added.getAndSet(OWNED);
            first = top == OWNED ? null : reversed(top);
            if (first == null)
                return null;
        }
        WorkRecord record = first;
        first = record.link;
        record.link = null;
        return record;
    }

    /** Oldest first. */
    private static WorkRecord reversed(WorkRecord top) {
        WorkRecord reversed = null;
        for (WorkRecord record = top; record != null; ) {
            WorkRecord older = record.link;
            record.link = reversed;
            reversed = record;
            record = older;
        }
        return reversed;
    }

    @Override
    public boolean release() {
        return first == null && (freed == null || freed.isEmpty()) && added.compareAndSet(OWNED, null);
    }

    // ---------------------------------------------------------------- parked keys

    private Key key(WorkRecord record) {
        return new Key(record.partition(), byKey ? record.raw().key() : null);
    }

    private Parked waitingFor(WorkRecord record) {
        return parked == null || parked.isEmpty() ? null : parked.get(key(record));
    }

    private static void setAside(WorkRecord record, Parked waiting) {
        record.detach();
        waiting.behind.addLast(record);
        record.partition().diverted().incrementAndGet();
    }

    @Override
    public void succeeded(WorkRecord record) {
        if (parked != null && !parked.isEmpty())
            free(record);
    }

    private void free(WorkRecord record) {
        Parked over = parked.get(key(record));
        if (over == null || over.first != record)
            return;
        parked.remove(key(record));
        if (freed == null)
            freed = new ArrayDeque<>();
        while (!over.behind.isEmpty()) {
            record.partition().diverted().decrementAndGet();
            freed.addFirst(over.behind.pollLast());
        }
    }

    @Override
    public void failed(WorkRecord record) {
        if (parked == null)
            parked = new HashMap<>();
        Parked waiting = parked.get(key(record));
        if (waiting == null) {
            // Copied before it is a key: the map's key must stay what it is, and keep no fetch response alive.
            record.detach();
            parked.put(key(record), new Parked(record, new ArrayDeque<>()));
        } else if (waiting.first != record) {
            // It was in one batch with the first that failed, and waits like those that came later.
            record.requeue();
            setAside(record, waiting);
        }
    }

    @Override
    public boolean mustFollow(WorkRecord record, WorkRecord failed) {
        return record.partition() == failed.partition() && key(record).equals(key(failed));
    }
}
