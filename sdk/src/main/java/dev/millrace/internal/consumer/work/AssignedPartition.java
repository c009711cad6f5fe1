package dev.millrace.internal.consumer.work;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetTracker;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;

/**
 * One assignment of a partition, from being assigned to being revoked or lost. Its identity is the assignment's epoch: a partition that is
 * won again is another object, and what belongs to an earlier one is told by {@link #isRevoked()}.
 */
public final class AssignedPartition {

    private final TopicPartition partition;
    private final int level;
    /** Poll thread only; null until it is known where the partition begins. */
    private OffsetTracker<WorkRecord> tracker;
    /** Where it began; means something when there is a tracker. */
    private long start;
    /** Written by the poll thread, once. */
    private volatile boolean revoked;
    /** Records that wait behind a parked one; written by who owns their lane. */
    private final AtomicInteger diverted = new AtomicInteger();

    /** Where the records of one partition were left and how much room they take; poll thread only. */
    private int records;
    private long bytes;
    private int parked;
    private boolean full;
    private Optional<Integer> leaderEpoch = Optional.empty();

    /** @param level the priority's place: 0 is handled first */
    public AssignedPartition(TopicPartition partition, int level) {
        this.partition = partition;
        this.level = level;
    }

    public TopicPartition topicPartition() {
        return partition;
    }

    int level() {
        return level;
    }

    /** Which offsets are done; null before {@link #startAt}. Poll thread only. */
    public OffsetTracker<WorkRecord> tracker() {
        return tracker;
    }

    /** Says where the partition begins, and what is done behind that; poll thread only, once. */
    public void startAt(long position, DoneOffsets resumed) {
        start = position;
        tracker = new OffsetTracker<>(position, resumed);
    }

    /** Where the partition began; means nothing before {@link #startAt}. Poll thread only. */
    public long start() {
        return start;
    }

    /** Whether the partition is no longer, or not for long, this consumer's; any thread. */
    public boolean isRevoked() {
        return revoked;
    }

    /** From now on no handler begins a record of it that this thread drops; poll thread. */
    public void revoke() {
        revoked = true;
    }

    AtomicInteger diverted() {
        return diverted;
    }

    /** Admitted records that are not done; poll thread only. */
    public int records() {
        return records;
    }

    /** Their keys and values, and what handlers sent that is not committed, in bytes; poll thread only. */
    public long bytes() {
        return bytes;
    }

    /** So many bytes more, or less, are kept until they are committed; poll thread only. */
    public void kept(long more) {
        bytes += more;
    }

    /** Records that wait for their retry, for their time or behind such a one; poll thread only. */
    public int waiting() {
        return parked + diverted.get();
    }

    /** Those of the {@link #waiting} that do so behind another one; any thread. */
    public int behindParked() {
        return diverted.get();
    }

    /** Poll thread only. */
    public void parked(int more) {
        parked += more;
    }

    /** Poll thread only. */
    public void admitted(WorkRecord record) {
        records++;
        bytes += record.size();
        tracker.admit(record);
    }

    /** Poll thread only. */
    public void done(WorkRecord record) {
        records--;
        bytes -= record.size();
        tracker.done(record);
    }

    /** Says that the consumer's next offset is at least this one, in this leader epoch; poll thread only. */
    public void advance(long nextOffset, Optional<Integer> epoch) {
        tracker.advance(nextOffset);
        leaderEpoch = epoch;
    }

    /** The leader epoch of the position; poll thread only. */
    public Optional<Integer> leaderEpoch() {
        return leaderEpoch;
    }

    /** Whether fetching was paused because the budget is used up; poll thread only. */
    public boolean isFull() {
        return full;
    }

    /** Poll thread only. */
    public void full(boolean full) {
        this.full = full;
    }

    @Override
    public String toString() {
        return partition + (revoked ? " (revoked)" : "");
    }
}
