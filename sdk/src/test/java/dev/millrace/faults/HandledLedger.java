package dev.millrace.faults;

import dev.millrace.faults.HandledNotes.Kind;
import dev.millrace.faults.HandledNotes.Note;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/**
 * The books of one run: which records are done, by the notes of those who handled them, and what was committed. A commit is held against
 * the notes when it is seen: a record that it says is done was noted as done before, for the note comes before the handler's return,
 * that before the commit, and that before it can be read. Thread-safe.
 */
final class HandledLedger implements CommitWatch.Listener {

    private static final int MOST_TROUBLES = 20;

    /** What a commit says is done: all below its offset, and these. */
    record Commit(long offset, DoneOffsets beyond, long timestampMs) {

        boolean covers(long record) {
            return record < offset || beyond.contains(record);
        }
    }

    private final Uuid topicId;
    private final List<Member> members = new ArrayList<>();
    private final BitSet[] done;
    private final List<List<Commit>> commits = new ArrayList<>();
    private final List<String> troubles = new ArrayList<>();
    private long handled;
    private long commitsChecked;
    private long mapsChecked;
    private int longestMap;

    HandledLedger(Uuid topicId, int partitions) {
        this.topicId = topicId;
        done = new BitSet[partitions];
        for (int i = 0; i < partitions; i++) {
            done[i] = new BitSet();
            commits.add(new ArrayList<>());
        }
    }

    synchronized void add(Member member) {
        members.add(member);
    }

    /** There is no record at these offsets, or nobody needs to handle it. */
    synchronized void nothingAt(int partition, BitSet offsets) {
        done[partition].or(offsets);
    }

    /** Reads what was noted since. */
    synchronized void read() {
        for (Member member : members)
            member.read(this::take);
    }

    private void take(Note note) {
        if (note.kind() == Kind.END || note.kind() == Kind.DEAD) {
            handled++;
            done[note.partition()].set(Math.toIntExact(note.offset()));
        }
    }

    @Override
    public synchronized void committed(TopicPartition partition, long offset, String metadata, long timestampMs) {
        read();
        commitsChecked++;
        int number = partition.partition();
        long undone = done[number].nextClearBit(0);
        if (undone < offset)
            trouble(partition + " was committed at " + offset + ", but " + undone + " is not done");
        List<Commit> before = commits.get(number);
        if (!before.isEmpty() && before.get(before.size() - 1).offset > offset)
            trouble(partition + " was committed at " + offset + " after it was at " + before.get(before.size() - 1).offset);
        DoneOffsets beyond = OffsetMapCodec.decode(metadata, topicId, offset).done();
        if (!beyond.isEmpty())
            check(partition, offset, beyond);
        longestMap = Math.max(longestMap, metadata.length());
        before.add(new Commit(offset, beyond, timestampMs));
    }

    private void check(TopicPartition partition, long offset, DoneOffsets beyond) {
        mapsChecked++;
        for (int range = 0; range < beyond.rangeCount(); range++) {
            int undone = done[partition.partition()].nextClearBit((int) beyond.start(range));
            if (undone < beyond.end(range))
                trouble(partition + " was committed at " + offset + " with a map that has " + undone + ", which is not done");
        }
    }

    private void trouble(String what) {
        if (troubles.size() < MOST_TROUBLES)
            troubles.add(what);
    }

    /** How many were handled up to now, those twice counted twice. */
    synchronized long handled() {
        read();
        return handled;
    }

    /** How many notes of a kind a member made up to now. */
    synchronized int count(Member member, Kind kind) {
        read();
        return member.count(kind);
    }

    /** Whether each partition is had by one of these members, by their notes, and each of them has one at least. */
    synchronized boolean isShared(List<Member> among) {
        read();
        BitSet had = new BitSet();
        int sum = 0;
        for (Member member : among) {
            member.partitions().forEach(had::set);
            sum += member.partitions().size();
            if (member.partitions().isEmpty())
                return false;
        }
        return sum == done.length && had.cardinality() == done.length;
    }

    /** What a member has, by its notes. */
    synchronized List<Integer> partitions(Member member) {
        read();
        return List.copyOf(member.partitions());
    }

    /** Whether that was committed: partition to the offset at its end. */
    synchronized boolean isCommitted(SortedMap<Integer, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> end.getValue() == 0 || committed(end.getKey()) >= end.getValue());
    }

    private long committed(int partition) {
        List<Commit> all = commits.get(partition);
        return all.isEmpty() ? -1 : all.get(all.size() - 1).offset;
    }

    /** How many of a partition's records a commit saw done; what it wrote is in the order of the log. */
    synchronized List<Commit> commits(int partition) {
        return List.copyOf(commits.get(partition));
    }

    /** Commits that were held against the notes. */
    synchronized long commitsChecked() {
        return commitsChecked;
    }

    /** Those of them with a map of what is done beyond. */
    synchronized long mapsChecked() {
        return mapsChecked;
    }

    /** In characters. */
    synchronized int longestMap() {
        return longestMap;
    }

    /** What was wrong, a few of them. */
    synchronized List<String> troubles() {
        return List.copyOf(troubles);
    }

    /** All there were. */
    synchronized List<Member> members() {
        return List.copyOf(members);
    }

    synchronized String state(SortedMap<Integer, Long> ends) {
        read();
        StringBuilder state = new StringBuilder();
        for (Member member : members)
            state.append(member).append('\n');
        ends.forEach((partition, end) -> state.append(partition).append(": committed ").append(committed(partition)).append(", done up to ")
                .append(done[partition].nextClearBit(0)).append(", end ").append(end).append('\n'));
        return state.toString();
    }
}
