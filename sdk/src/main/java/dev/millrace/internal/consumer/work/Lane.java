package dev.millrace.internal.consumer.work;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.kafka.common.TopicPartition;

/**
 * The records that have to be handled one after the other: those of a key in a partition, or of a partition. When one fails it is
 * <em>parked</em>, and what comes later is set aside behind it.
 *
 * <p>The poll thread adds; the lane's owner takes. They meet in one reference: null is idle, {@link #OWNED} is owned and nothing new,
 * anything else a stack of what was added, newest on top. Who adds to an idle lane owes it to the run queue.
 */
final class Lane implements Unit {

    /** Of a lane whose owner has taken all that was added; compared by identity, never handled. */
    private static final WorkRecord OWNED = WorkRecord.sentinel();
    private static final VarHandle ADDED;

    static {
        try {
            ADDED = MethodHandles.lookup().findVarHandle(Lane.class, "added", WorkRecord.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int level;
    /** Whose records these are; the key is null when they are all of the partition. */
    private final TopicPartition partition;
    private final ByteBuffer key;
    private final int hash;
    /** The next lane in its place of the table; the poll thread's. */
    Lane neighbour;

    private volatile WorkRecord added;
    /** The oldest record taken out of {@link #added} and what follows it by link; the owner's. */
    private WorkRecord first;
    /** The record that failed; null when none did. The owner's, as is what follows. */
    private WorkRecord parked;
    /** What waits behind it; null until there was one. */
    private Deque<WorkRecord> behind;
    /** What waited behind one that is over; goes before {@link #first}; null until there was one. */
    private Deque<WorkRecord> freed;
    /** Whether a record of the lane ever was dropped. */
    private boolean dropped;

    /** @param key never changed by anyone; null for all records of the partition */
    Lane(int level, TopicPartition partition, ByteBuffer key, int hash) {
        this.level = level;
        this.partition = partition;
        this.key = key;
        this.hash = hash;
    }

    boolean isOf(TopicPartition otherPartition, ByteBuffer otherKey, int otherHash) {
        return hash == otherHash && partition.equals(otherPartition) && key.equals(otherKey);
    }

    int hash() {
        return hash;
    }

    @Override
    public int level() {
        return level;
    }

    /**
     * Adds a record behind all others, or tells the owner that a parked one goes on: it is due again, or no longer to be handled.
     * Poll thread.
     *
     * @return true when the caller must put the lane into the run queue
     */
    boolean add(WorkRecord record) {
        while (true) {
            WorkRecord top = added;
            record.link = top == OWNED ? null : top;
            if (ADDED.compareAndSet(this, top, record))
                return top == null;
        }
    }

    /** Nobody owns it, and nothing is in it or waits for it: only the next {@link #add} changes that. Poll thread. */
    boolean isIdle() {
        // The one's write comes before that of the other.
        return added == null && parked == null;
    }

    @Override
    public WorkRecord next() {
        WorkRecord record;
        while ((record = take()) != null) {
            if (parked != null && parked != record) {
                if (record.status() != WorkRecord.Status.DROPPED)
                    setAside(record);
            } else if (mayBegin(record) && record.claim()) {
                return record;
            } else {
                dropped = true;
                if (parked != null)
                    // The poll thread says that it is over: its dead letter is out, or its partition is gone.
                    free();
            }
        }
        return null;
    }

    /**
     * The poll thread drops the records of a partition one by one, having marked the partition before. So behind one that was dropped the
     * next one may still be there to be taken, and would overtake it.
     */
    private boolean mayBegin(WorkRecord record) {
        if (!dropped || !record.isRevoked())
            return true;
        record.dropQueued();
        return false;
    }

    private WorkRecord take() {
        if (freed != null && !freed.isEmpty())
            return freed.pollFirst();
        if (first == null) {
            // Most lanes have one record: looked at first, for the exchange costs more.
            if (added == OWNED)
                return null;
            first = reversed((WorkRecord) ADDED.getAndSet(this, OWNED));
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
        return first == null && (freed == null || freed.isEmpty()) && ADDED.compareAndSet(this, OWNED, null);
    }

    // ---------------------------------------------------------------- a parked record

    private void setAside(WorkRecord record) {
        record.detach();
        if (behind == null)
            behind = new ArrayDeque<>();
        behind.addLast(record);
        record.partition().diverted().incrementAndGet();
    }

    @Override
    public void succeeded(WorkRecord record) {
        if (parked == record)
            free();
    }

    private void free() {
        parked = null;
        if (behind == null)
            return;
        if (freed == null)
            freed = new ArrayDeque<>();
        while (!behind.isEmpty()) {
            WorkRecord record = behind.pollLast();
            record.partition().diverted().decrementAndGet();
            freed.addFirst(record);
        }
    }

    @Override
    public void failed(WorkRecord record) {
        if (parked == null) {
            record.detach();
            parked = record;
        } else if (parked != record) {
            // It was in one batch with the first that failed, and waits like those that came later.
            record.requeue();
            setAside(record);
        }
    }

    @Override
    public boolean mustFollow(WorkRecord record, WorkRecord failed) {
        return true;
    }
}
