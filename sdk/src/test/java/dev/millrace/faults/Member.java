package dev.millrace.faults;

import dev.millrace.faults.HandledNotes.Kind;
import dev.millrace.faults.HandledNotes.Note;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * One consumer's life in a group, from being opened to being closed or killed, and its notes as far as they were read. For one thread at
 * a time.
 */
final class Member {

    private final String id;
    private final MemberProcess process;
    private final Path file;
    private final HandledNotes notes;
    private final List<Integer> missing = new ArrayList<>();
    private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
    private final Set<Integer> partitions = new TreeSet<>();
    private int read;
    private boolean killed;
    private boolean closed;

    Member(String id, MemberProcess process, Path file) {
        this.id = id;
        this.process = process;
        this.file = file;
        this.notes = HandledNotes.at(file);
    }

    String id() {
        return id;
    }

    MemberProcess process() {
        return process;
    }

    Path file() {
        return file;
    }

    HandledNotes notes() {
        return notes;
    }

    /** Its process was killed under it. */
    boolean isKilled() {
        return killed;
    }

    boolean isOver() {
        return killed || closed;
    }

    void killed() {
        killed = true;
    }

    void closed() {
        closed = true;
    }

    /** Reads what is new. */
    void read(Consumer<Note> reader) {
        missing.removeIf(index -> take(index, reader));
        int count = notes.count();
        for (; read < count; read++)
            if (!take(read, reader))
                missing.add(read);
    }

    private boolean take(int index, Consumer<Note> reader) {
        Note note = notes.get(index);
        if (note == null)
            return false;
        counts.merge(note.kind(), 1, Integer::sum);
        if (note.kind() == Kind.ASSIGNED)
            partitions.add(note.partition());
        else if (note.kind() == Kind.REVOKED || note.kind() == Kind.LOST)
            partitions.remove(note.partition());
        reader.accept(note);
        return true;
    }

    /** Notes of a kind that were read. */
    int count(Kind kind) {
        return counts.getOrDefault(kind, 0);
    }

    /** What it has, by its notes. */
    Set<Integer> partitions() {
        return partitions;
    }

    @Override
    public String toString() {
        return id + " " + counts + (isOver() ? "" : " has " + partitions);
    }
}
