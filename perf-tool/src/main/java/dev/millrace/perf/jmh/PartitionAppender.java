package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.batch.Varint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * One partition that threads append to, reduced to what {@link AppendAlternativesBenchmark} compares: records of format v2
 * without key and headers go into a batch, and each gets one object that knows its batch and its index there.
 */
abstract class PartitionAppender {
    static final int BATCH_SIZE = 1 << 16;
    static final int HEADER = 61;
    /** Length, attributes, two deltas, key length, value length and header count, a byte each. */
    static final int SMALLEST_RECORD = 7;
    private static final byte NULL = 1;

    /** Told of each sealed batch, by the thread that sealed it. */
    interface Sealed {
        /** @param records the whole batch, its header not written, its records in {@code [61, end)} */
        void sealed(byte[] records, int end, int count, long baseTimestamp, long maxTimestamp);
    }

    /** The one object of a record. */
    static final class Appended {
        private static final VarHandle BATCH;

        static {
            try {
                BATCH = MethodHandles.lookup().findVarHandle(Appended.class, "batch", Object.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        final long timestamp;
        /** The next of its batch, where batches are lists. */
        Appended next;
        int index;
        @SuppressWarnings("unused") // through BATCH
        private Object batch;

        Appended(long timestamp) {
            this.timestamp = timestamp;
        }

        final void joins(Object newBatch, int newIndex) {
            index = newIndex;
            BATCH.setRelease(this, newBatch);
        }
    }

    final Sealed sealed;
    private final ConcurrentLinkedDeque<byte[]> buffers = new ConcurrentLinkedDeque<>();

    PartitionAppender(Sealed sealed) {
        this.sealed = sealed;
    }

    /** Any thread. Seals the batch that had no room. */
    abstract Appended append(long timestamp, byte[] value);

    /** A buffer for a batch: one that was given back, if there is one. */
    final byte[] takeBuffer() {
        byte[] kept = buffers.pollFirst();
        return kept != null ? kept : new byte[BATCH_SIZE];
    }

    final void giveBack(byte[] buffer) {
        buffers.addFirst(buffer);
    }

    /** Bytes of a record from its null key on: known before any lock is taken. */
    static int tailSize(byte[] value) {
        return 1 + Varint.sizeOf(value.length) + value.length + 1;
    }

    static int writeTail(byte[] buffer, int position, byte[] value) {
        int at = position;
        buffer[at++] = NULL;
        at = Varint.write(buffer, at, value.length);
        System.arraycopy(value, 0, buffer, at, value.length);
        at += value.length;
        buffer[at++] = 0;
        return at;
    }
}
