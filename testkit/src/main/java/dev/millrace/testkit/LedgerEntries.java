package dev.millrace.testkit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What is known of each record, by id, in primitive arrays: 34 bytes a record. The arrays come in chunks, so that
 * growing copies nothing and needs no lock of the readers.
 *
 * <p>Each field has one writer: the thread that sends, the one that acknowledges, the one that reads the log. What
 * they share are the flags, which are set atomically after the fields they vouch for.
 */
final class LedgerEntries {
    static final int SENT = 1;
    static final int ACKED = 1 << 1;
    static final int FAILED = 1 << 2;
    static final int TWICE = 1 << 3;
    static final int FOUND = 1 << 4;
    /** The value was padded by the ledger, so the padding can be checked. */
    static final int PADDED = 1 << 5;
    /** A further copy lies where the acknowledgement says. */
    static final int COPY_MATCHED = 1 << 6;
    /** A further copy was read before the acknowledgement came: whether it lies where that says is not known. */
    static final int COPY_UNJUDGED = 1 << 7;
    /** Its transaction was aborted. */
    static final int ABORTED = 1 << 8;
    static final int READ_FLAGS = FOUND | COPY_MATCHED | COPY_UNJUDGED;

    static final int NOT_ASKED = -1;

    private static final int CHUNK_BITS = 14;
    private static final int CHUNK = 1 << CHUNK_BITS;
    private static final VarHandle FLAGS = MethodHandles.arrayElementVarHandle(short[].class);

    private volatile Chunk[] chunks = new Chunk[0]; // replaced under the lock

    static final class Chunk {
        private final short[] flags = new short[CHUNK];
        final Lane.Slot[] slot = new Lane.Slot[CHUNK];
        final int[] askedPartition = new int[CHUNK];
        final int[] ackedPartition = new int[CHUNK];
        final long[] ackedOffset = new long[CHUNK];
        final int[] foundPartition = new int[CHUNK];
        final long[] foundOffset = new long[CHUNK];

        int flags(int index) {
            return (short) FLAGS.getAcquire(flags, index);
        }

        /** Returns the flags as they were before. */
        int set(int index, int flag) {
            return (short) FLAGS.getAndBitwiseOr(flags, index, (short) flag);
        }

        void clear(int index, int flag) {
            FLAGS.getAndBitwiseAnd(flags, index, (short) ~flag);
        }
    }

    /** The chunk of an id, made if it is not there yet. */
    Chunk grownTo(long id) {
        int number = Math.toIntExact(id >>> CHUNK_BITS);
        Chunk[] now = chunks;
        if (number < now.length && now[number] != null) {
            return now[number];
        }
        synchronized (this) {
            if (number >= chunks.length) {
                chunks = Arrays.copyOf(chunks, Math.max(number + 1, chunks.length * 2));
            }
            if (chunks[number] == null) {
                Chunk[] copy = chunks.clone();
                copy[number] = new Chunk();
                chunks = copy;
            }
            return chunks[number];
        }
    }

    /** The chunk of an id that was sent; null for any other number. */
    Chunk sent(long id) {
        Chunk[] now = chunks;
        long number = id >>> CHUNK_BITS; // a negative id gives a number far beyond
        Chunk chunk = number < now.length ? now[(int) number] : null;
        return chunk != null && (chunk.flags(index(id)) & SENT) != 0 ? chunk : null;
    }

    static int index(long id) {
        return (int) id & (CHUNK - 1);
    }
}
