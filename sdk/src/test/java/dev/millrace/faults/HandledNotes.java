package dev.millrace.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What the handlers of one consumer note: a mapped file that many threads of one process write and another process reads meanwhile. What
 * was noted is there for the reader at once, and also when the writer is killed right behind it.
 *
 * <p>Notes have a place each, taken by a counter at the file's beginning; a note is there when its first word is not 0, so one whose
 * writer was killed in between never is. Stamps are of {@link System#nanoTime}, which on Linux all processes of a machine share.
 */
final class HandledNotes {

    /** What happened. */
    enum Kind {
        /** None; the first word of a note is never 0. */
        NOTHING,
        /** A handler begins. The detail: which attempt, negative when the partition was taken away already. */
        START,
        /** A handler is about to return. */
        END,
        /** A handler is about to throw. */
        FAILED,
        /** A dead letter was acknowledged. */
        DEAD,
        /** A partition was assigned; offset and key mean nothing. The detail: {@link System#currentTimeMillis}. */
        ASSIGNED,
        /** A partition is given up, drained; offset and key mean nothing. */
        REVOKED,
        /** A partition was lost; offset and key mean nothing. */
        LOST,
        /** A handler was reported to hang; the key means nothing. */
        HUNG
    }

    /** One note. */
    record Note(Kind kind, int partition, int key, long offset, long ns, long detail) {
    }

    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final Kind[] KINDS = Kind.values();
    /** 12 million notes; the file has holes where nothing was written. */
    private static final int FILE_BYTES = 400_000_000 / 32 * 32;
    private static final int NOTE_BYTES = 32;
    private static final int KIND_SHIFT = 48;
    private static final int PARTITION_SHIFT = 32;
    private static final int PARTITION_MASK = 0xffff;

    private final ByteBuffer file;

    private HandledNotes(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            file = channel.map(FileChannel.MapMode.READ_WRITE, 0, FILE_BYTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The notes in this file, which is made when it is not there. */
    static HandledNotes at(Path path) {
        return new HandledNotes(path);
    }

    /** Any thread. */
    void add(Kind kind, int partition, int key, long offset, long detail) {
        long index = (long) LONGS.getAndAdd(file, 0, 1L);
        int at = Math.toIntExact((index + 1) * NOTE_BYTES);
        LONGS.set(file, at + 8, offset);
        LONGS.set(file, at + 16, System.nanoTime());
        LONGS.set(file, at + 24, detail);
        LONGS.setRelease(file, at, (long) kind.ordinal() << KIND_SHIFT | (long) partition << PARTITION_SHIFT | key & 0xffffffffL);
    }

    /** How many there are, those that are being written included. */
    int count() {
        return Math.toIntExact((long) LONGS.getAcquire(file, 0));
    }

    /** Null when it is not there: it is being written, or never will be. */
    Note get(int index) {
        int at = (index + 1) * NOTE_BYTES;
        long word = (long) LONGS.getAcquire(file, at);
        if (word == 0)
            return null;
        return new Note(KINDS[(int) (word >>> KIND_SHIFT)], (int) (word >>> PARTITION_SHIFT) & PARTITION_MASK, (int) word,
                (long) LONGS.get(file, at + 8), (long) LONGS.get(file, at + 16), (long) LONGS.get(file, at + 24));
    }

    /** The partition of a note that is there. */
    int partition(int index) {
        return (int) ((long) LONGS.getAcquire(file, (index + 1) * NOTE_BYTES) >>> PARTITION_SHIFT) & PARTITION_MASK;
    }
}
