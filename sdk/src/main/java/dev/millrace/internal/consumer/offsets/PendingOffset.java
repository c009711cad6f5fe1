package dev.millrace.internal.consumer.offsets;

/**
 * A record that is in flight, as the {@link OffsetTracker} of its partition sees it: an offset, and its place in the list of
 * what is not done. What else is known of the record is in the subclass, so that tracking a record allocates nothing.
 */
public class PendingOffset {
    private final long offset;
    /** The pending records around this one; null at the ends, and both null once it is done. Poll thread only. */
    PendingOffset previous;
    PendingOffset next;

    /** @param offset in its partition, 0 or more */
    protected PendingOffset(long offset) {
        this.offset = offset;
    }

    /** In its partition. Any thread. */
    public final long offset() {
        return offset;
    }
}
