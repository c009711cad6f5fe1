package dev.millrace.internal.consumer.offsets;

import java.util.function.Predicate;

/**
 * What is done, and what is not, of one partition while it is assigned once; an assignment of the same partition later on has
 * another tracker. Poll thread only.
 *
 * <p>What is kept is what is <em>not</em> done: a linked list of the records in flight, ascending by offset, its links in the
 * records themselves. Every other offset below the {@link #position position} counts as done, be it of a record that was
 * handled, of one that compaction removed, or of a transaction's marker. So a record that is stuck costs the same however many
 * offsets are done behind it, and every method takes constant time but {@link #doneBeyondCommittable}.
 *
 * @param <R> the records in flight
 */
public final class OffsetTracker<R extends PendingOffset> {
    private PendingOffset oldest;
    private PendingOffset newest;
    private int pending;
    /** Every offset below it was admitted, or needs not be. */
    private long position;
    /** What an earlier assignment did at or beyond the position; given up once the position is behind all of it. */
    private DoneOffsets resumed;
    /** The end of the last range of {@link #resumed}, 0 if there is none. */
    private long resumedEnd;
    /** The first range of {@link #resumed} that does not end before the offset {@link #isDone} was asked for last. */
    private int asked;

    /**
     * @param position the offset the consumer is given next: the committed one, or where it was reset to
     * @param resumed what is done at or beyond it, from the commit's metadata; what it says of offsets below is of no interest.
     *        Must be empty when the position is not the committed offset those were committed with
     * @throws IllegalArgumentException if the position is negative
     */
    public OffsetTracker(long position, DoneOffsets resumed) {
        if (position < 0) {
            throw new IllegalArgumentException("A position is 0 or more, but this is " + position);
        }
        this.position = position;
        this.resumed = resumed;
        this.resumedEnd = resumed.isEmpty() ? 0 : resumed.end(resumed.rangeCount() - 1);
        forgetWhatPositionPassed();
    }

    /**
     * Whether the record at this offset was handled under an earlier assignment, so that it must not be handled, nor admitted,
     * again. To be asked in ascending order; out of order it may say false for what is done, never true for what is not.
     */
    public boolean isDone(long offset) {
        return offset < resumedEnd && isResumed(offset);
    }

    private boolean isResumed(long offset) {
        // Ends at the last range, as the offset lies before the end of that.
        while (resumed.end(asked) <= offset) {
            asked++;
        }
        return resumed.start(asked) <= offset;
    }

    /**
     * Takes a record in flight; those between the last one and this, if any, are not there and count as done.
     *
     * @throws IllegalArgumentException if its offset is below the position, that is, was admitted or passed before
     * @throws IllegalStateException if the record is in flight already, here or in another tracker (found out only when it has
     *         company there)
     */
    public void admit(R record) {
        long offset = record.offset();
        if (offset < position) {
            throw new IllegalArgumentException("Offset " + offset + " cannot be admitted: the position is " + position + " already");
        }
        PendingOffset node = record;
        if (node.previous != null || node.next != null) {
            throw new IllegalStateException("The record at offset " + offset + " cannot be admitted: it is in flight already");
        }
        node.previous = newest;
        if (newest == null) {
            oldest = node;
        } else {
            newest.next = node;
        }
        newest = node;
        pending++;
        moveTo(offset + 1);
    }

    /**
     * The consumer goes on at this offset or beyond it; what lies between the last admitted record and it is not there (a
     * transaction's marker, a hole of compaction) or was skipped, and counts as done. A lower offset than the position changes
     * nothing.
     */
    public void advance(long nextOffset) {
        if (nextOffset > position) {
            moveTo(nextOffset);
        }
    }

    private void moveTo(long nextOffset) {
        position = nextOffset;
        if (resumedEnd != 0) {
            forgetWhatPositionPassed();
        }
    }

    private void forgetWhatPositionPassed() {
        if (resumedEnd <= position) {
            resumed = DoneOffsets.EMPTY;
            resumedEnd = 0;
        }
    }

    /**
     * Takes a record out of what is in flight: it was handled, skipped, or its dead letter was acknowledged.
     *
     * @throws IllegalStateException if it is not in flight: done already, or never admitted. A record of another tracker is found
     *         out only if it is the oldest or the newest there
     */
    public void done(R record) {
        PendingOffset node = record;
        PendingOffset before = node.previous;
        PendingOffset after = node.next;
        if ((before == null && node != oldest) || (after == null && node != newest)) {
            throw new IllegalStateException("The record at offset " + node.offset()
                    + " is not in flight here: it was done before, or never admitted");
        }
        if (before == null) {
            oldest = after;
        } else {
            before.next = after;
        }
        if (after == null) {
            newest = before;
        } else {
            after.previous = before;
        }
        // A record that is kept for longer must not keep its former neighbours.
        node.previous = null;
        node.next = null;
        pending--;
    }

    /** The offset to commit: every record below it is done. Never goes down. */
    public long committable() {
        return oldest == null ? position : oldest.offset();
    }

    /**
     * What is done at or beyond the {@link #committable committable} offset, to be committed with it; taken together they are one
     * snapshot as long as nothing is called in between. Takes time by the number of records pending, and of ranges.
     *
     * @param maxRanges at most so many ranges, the lowest ones; {@link OffsetMapCodec#maxRanges} knows how many can be of use
     */
    public DoneOffsets doneBeyondCommittable(int maxRanges) {
        return snapshotWith(record -> false, maxRanges).done();
    }

    /**
     * What to commit, from one moment.
     *
     * @param committable as {@link OffsetTracker#committable()}
     * @param done as {@link OffsetTracker#doneBeyondCommittable}
     */
    public record Snapshot(long committable, DoneOffsets done) {
    }

    /**
     * What there would be to commit if some of the pending records were done as well. Takes time by the number of records pending, and of
     * ranges.
     *
     * @param alsoDone says which; asked once for each record, in ascending order
     * @param maxRanges as for {@link #doneBeyondCommittable}
     */
    public Snapshot snapshotWith(Predicate<? super R> alsoDone, int maxRanges) {
        PendingOffset node = oldest;
        while (node != null && alsoDone.test(cast(node))) {
            node = node.next;
        }
        long committable = node == null ? position : node.offset();
        return new Snapshot(committable, doneFrom(committable, node, alsoDone, DoneOffsets.builder(maxRanges)));
    }

    /** @param first the pending record at the offset it begins with; null if it is the position */
    private DoneOffsets doneFrom(long committable, PendingOffset first, Predicate<? super R> alsoDone, DoneOffsets.Builder done) {
        long from = committable;
        for (PendingOffset node = first; node != null; node = node.next) {
            if (node != first && alsoDone.test(cast(node))) {
                continue;
            }
            if (!done.add(from, node.offset())) {
                return done.build();
            }
            from = node.offset() + 1;
        }
        if (done.add(from, position)) {
            addResumed(done);
        }
        return done.build();
    }

    /** What an earlier assignment did beyond the position. */
    private void addResumed(DoneOffsets.Builder done) {
        int range = Math.max(resumed.lastStartingAtOrBelow(position), 0);
        boolean room = true;
        for (; room && range < resumed.rangeCount(); range++) {
            if (resumed.end(range) > position) {
                room = done.add(Math.max(resumed.start(range), position), resumed.end(range));
            }
        }
    }

    /** The pending record with the lowest offset; null if there is none. */
    public R oldest() {
        return cast(oldest);
    }

    /**
     * The pending record behind this one; null if there is none, or if this one is done. Who finishes records on the way asks
     * for the next one first.
     */
    public R next(R record) {
        PendingOffset node = record;
        return cast(node.next);
    }

    @SuppressWarnings("unchecked") // only admit() links nodes, and it takes nothing else
    private R cast(PendingOffset node) {
        return (R) node;
    }

    /** Number of records in flight. */
    public int pending() {
        return pending;
    }

    /** The offset behind everything admitted or passed. */
    public long position() {
        return position;
    }

    @Override
    public String toString() {
        return "OffsetTracker(committable=" + committable() + ", position=" + position + ", pending=" + pending
                + ", resumed=" + resumed + ")";
    }
}
