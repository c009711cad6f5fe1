package dev.millrace.faults;

import dev.millrace.faults.HandledLedger.Commit;
import dev.millrace.faults.HandledNotes.Kind;
import dev.millrace.faults.HandledNotes.Note;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Goes through all notes of one partition in the order of time, and says what should not have been. For one thread, once.
 *
 * <p>An assignment is a member's having the partition, from one note to another. Within it a key's records come in order, none
 * twice but when it failed. Between assignments: a record begins when all records of its key before it are done; it does not begin
 * while one of its key is in work, unless that one's owner lost the partition, was killed, or was given up when the drain's time was
 * over; and it is not handled again when a commit said, before the assignment began, that it was done.
 */
final class PartitionAudit {

    /** How an assignment ended. */
    private enum End { OPEN, REVOKED, LOST, KILLED }

    private static final class Assignment {
        final Member member;
        /** What was committed when it began; null if nothing. */
        final Commit found;
        final Map<Integer, Attempt> lastOfKey = new HashMap<>();
        final BitSet begun = new BitSet();
        final Assignment before;
        End end = End.OPEN;

        Assignment(Member member, Commit found, Assignment before) {
            this.member = member;
            this.found = found;
            this.before = before;
        }

        boolean isLost() {
            return end == End.LOST || end == End.KILLED || end == End.OPEN && member.isKilled();
        }

        @Override
        public String toString() {
            return member.id() + " (" + end + ")";
        }
    }

    private static final class Attempt {
        final Assignment assignment;
        final long offset;
        final long startNs;
        boolean failed;
        boolean over;
        /** It ended behind the end of its assignment. */
        boolean overran;

        Attempt(Assignment assignment, Note start) {
            this.assignment = assignment;
            this.offset = start.offset();
            this.startNs = start.ns();
        }

        /** Nobody could have waited for it. */
        boolean wasLeftBehind() {
            return overran || assignment.isLost() || !over;
        }
    }

    /** One that began while, or was handled though, another had been; judged when it is known how that one's assignment ended. */
    private record Suspicion(Attempt first, Attempt second, String what) {
    }

    private record Timed(Note note, Member member, int index) {
    }

    private final int partition;
    private final List<Commit> commits;
    private final List<Timed> notes = new ArrayList<>();
    private final Map<Integer, long[]> offsetsOfKey = new HashMap<>();
    private final Map<Integer, Integer> doneOfKey = new HashMap<>();
    private final Map<Integer, List<Attempt>> runningOfKey = new HashMap<>();
    private final Map<Member, Assignment> current = new HashMap<>();
    private final BitSet done = new BitSet();
    private final Map<Long, Attempt> firstEnds = new HashMap<>();
    private final List<Suspicion> suspicions = new ArrayList<>();
    private final HandledReport report;

    PartitionAudit(int partition, HandledLedger ledger, BitSet notThere, HandledReport report) {
        this.partition = partition;
        this.commits = ledger.commits(partition);
        this.report = report;
        done.or(notThere);
        for (Member member : ledger.members()) {
            HandledNotes all = member.notes();
            for (int i = 0; i < all.count(); i++)
                if (all.partition(i) == partition && all.get(i) != null)
                    notes.add(new Timed(all.get(i), member, i));
        }
        notes.sort(Comparator.<Timed>comparingLong(timed -> timed.note.ns()).thenComparing(timed -> timed.member.id())
                .thenComparingInt(timed -> timed.index));
    }

    /** @param end the offset behind the last record */
    void run(long end) {
        findKeys();
        notes.forEach(this::take);
        suspicions.forEach(this::judge);
        runningOfKey.values().forEach(left -> left.forEach(this::neverEnded));
        for (int offset = done.nextClearBit(0); offset < end; offset = done.nextClearBit(offset + 1))
            report.trouble(where(offset) + " was never handled");
    }

    private void findKeys() {
        Map<Integer, BitSet> found = new TreeMap<>();
        for (Timed timed : notes)
            if (timed.note.kind() == Kind.START)
                found.computeIfAbsent(timed.note.key(), key -> new BitSet()).set((int) timed.note.offset());
        found.forEach((key, offsets) -> offsetsOfKey.put(key, offsets.stream().asLongStream().toArray()));
    }

    private String where(long offset) {
        return "partition " + partition + " offset " + offset;
    }

    private void take(Timed timed) {
        Note note = timed.note;
        Assignment assignment = current.get(timed.member);
        switch (note.kind()) {
            case ASSIGNED -> {
                report.assignments++;
                current.put(timed.member, new Assignment(timed.member, committedBefore(note.detail()), assignment));
            }
            case REVOKED -> end(assignment, End.REVOKED);
            case LOST -> end(assignment, End.LOST);
            case START -> start(note, assignment);
            case END -> ended(note, assignment);
            case FAILED -> {
                report.failures++;
                over(note, assignment).failed = true;
            }
            case DEAD -> {
                report.dead++;
                done.set((int) note.offset());
            }
            case HUNG -> report.hung++;
            case NOTHING -> throw new IllegalStateException();
        }
    }

    private Commit committedBefore(long ms) {
        Commit last = null;
        for (Commit commit : commits)
            if (commit.timestampMs() < ms)
                last = commit;
        return last;
    }

    private void end(Assignment assignment, End how) {
        if (assignment == null || assignment.end != End.OPEN)
            return;
        assignment.end = how;
        if (how == End.LOST)
            report.lost++;
        else
            report.revoked++;
    }

    private void start(Note note, Assignment now) {
        report.attempts++;
        if (now == null) {
            report.trouble(where(note.offset()) + " was begun without an assignment");
            return;
        }
        // A handler that begins just when its partition is lost may begin when that is already won again. When it is revoked, it is
        // waited for. One that began there before begins here, where the partition is being lost again, which is not noted yet.
        boolean late = note.detail() < 0 && now.end == End.OPEN && now.before != null && now.before.end == End.LOST
                && !now.before.begun.get((int) note.offset());
        Assignment assignment = late ? now.before : now;
        assignment.begun.set((int) note.offset());
        Attempt attempt = new Attempt(assignment, note);
        if (assignment.found != null && assignment.found.covers(note.offset()))
            report.trouble(where(note.offset()) + " was begun by " + assignment + " though it had been committed as done, by a commit at "
                    + assignment.found.offset() + (note.offset() < assignment.found.offset() ? "" : " with a map"));
        Attempt last = assignment.lastOfKey.put(note.key(), attempt);
        if (last != null && (last.offset > note.offset() || last.offset == note.offset() && !last.failed))
            report.trouble(where(note.offset()) + " was begun by " + assignment + " behind " + last.offset + " of the same key");
        long undone = firstUndone(note.key());
        if (undone < note.offset())
            report.trouble(where(note.offset()) + " was begun by " + assignment + " before " + undone + " of the same key was done");
        List<Attempt> running = runningOfKey.computeIfAbsent(note.key(), key -> new ArrayList<>());
        for (Attempt other : running)
            suspicions.add(new Suspicion(other, attempt, "was begun while this key was in work"));
        running.add(attempt);
    }

    private long firstUndone(int key) {
        long[] offsets = offsetsOfKey.get(key);
        int next = doneOfKey.getOrDefault(key, 0);
        while (next < offsets.length && done.get((int) offsets[next]))
            next++;
        doneOfKey.put(key, next);
        return next == offsets.length ? Long.MAX_VALUE : offsets[next];
    }

    private Attempt over(Note note, Assignment now) {
        List<Attempt> running = runningOfKey.getOrDefault(note.key(), List.of());
        for (Attempt attempt : running)
            if (attempt.offset == note.offset() && now != null && attempt.assignment.member == now.member) {
                running.remove(attempt);
                attempt.over = true;
                report.longestNs = Math.max(report.longestNs, note.ns() - attempt.startNs);
                attempt.overran = attempt.assignment.end != End.OPEN;
                if (attempt.overran)
                    report.overran++;
                return attempt;
            }
        report.trouble(where(note.offset()) + " ended and never began");
        return new Attempt(now, note);
    }

    private void ended(Note note, Assignment now) {
        Attempt attempt = over(note, now);
        done.set((int) note.offset());
        Attempt first = firstEnds.putIfAbsent(note.offset(), attempt);
        if (first == null) {
            report.handled++;
            return;
        }
        report.duplicates++;
        if (first.assignment == attempt.assignment)
            report.trouble(where(note.offset()) + " was handled twice by " + first.assignment + " without losing it");
        else
            suspicions.add(new Suspicion(first, attempt, "was handled again"));
    }

    private void judge(Suspicion suspicion) {
        Attempt first = suspicion.first;
        if (first.assignment == suspicion.second.assignment || !first.wasLeftBehind() && !suspicion.second.wasLeftBehind())
            report.trouble(where(suspicion.second.offset) + " " + suspicion.what + " by " + suspicion.second.assignment + ": offset "
                    + first.offset + " by " + first.assignment);
        else if (suspicion.what.startsWith("was begun"))
            report.overlaps++;
    }

    private void neverEnded(Attempt attempt) {
        report.unfinished++;
        if (!attempt.assignment.member.isKilled())
            report.trouble(where(attempt.offset) + " was begun by " + attempt.assignment + " and never ended");
    }
}
