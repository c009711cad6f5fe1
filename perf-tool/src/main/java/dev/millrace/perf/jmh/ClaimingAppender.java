package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.batch.Varint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * Appends without a lock, as Aeron's log buffers do: a thread claims its record's place and its index in one fetch-and-add of a
 * packed tail (index in the upper half, position in the lower), encodes the record there while others do the same, and commits
 * it by storing its result into the batch's slot of that index.
 *
 * <p>The claim must know the record's size, and the index is a varint in the record: it is written in 3 bytes whatever it is
 * (a varint may be longer than it need be; readers take it), which costs a record a byte or two on the wire.
 *
 * <p>Whoever claims first behind the end opens the next batch, and then waits until all claims of the full one are
 * committed. That is what a lock does not need: a thread that is preempted between claim and commit holds up the batch.
 * A tail belongs to one batch for ever, so that a thread that comes late with an old batch finds it full; buffers and slots are
 * used again, after all claims were committed.
 */
final class ClaimingAppender extends PartitionAppender {
    private static final int INDEX_BYTES = 3;
    private static final int MAX_COUNT =
            Math.min(1 << 7 * INDEX_BYTES - 1, (BATCH_SIZE - HEADER) / (SMALLEST_RECORD + INDEX_BYTES - 1));
    private static final int SPINS_BEFORE_YIELD = 64;

    private static final VarHandle TAIL;
    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(Appended[].class);

    static {
        try {
            TAIL = MethodHandles.lookup().findVarHandle(Batch.class, "tail", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final class Batch {
        final byte[] buffer;
        /** Results by index, null until the record is there. */
        final Appended[] slots;
        final long baseTimestamp;
        /** Count in the upper half, position in the lower; any thread, through TAIL. */
        @SuppressWarnings("unused")
        private volatile long tail = HEADER;

        Batch(byte[] buffer, Appended[] slots, long baseTimestamp) {
            this.buffer = buffer;
            this.slots = slots;
            this.baseTimestamp = baseTimestamp;
        }
    }

    private final ConcurrentLinkedDeque<Appended[]> freeSlots = new ConcurrentLinkedDeque<>();
    /** Replaced by whoever found it full first. */
    private volatile Batch current;

    ClaimingAppender(Sealed sealed, long startTimestamp) {
        super(sealed);
        current = newBatch(startTimestamp);
    }

    private Batch newBatch(long timestamp) {
        Appended[] kept = freeSlots.pollFirst();
        return new Batch(takeBuffer(), kept != null ? kept : new Appended[MAX_COUNT], timestamp);
    }

    @Override
    Appended append(long timestamp, byte[] value) {
        int tailSize = tailSize(value);
        if (HEADER + tailSize + 20 > BATCH_SIZE) {
            throw new IllegalArgumentException("a value of " + value.length + " bytes fits into no batch");
        }
        Appended result = new Appended(timestamp);
        Batch full = null;
        int end = 0;
        int count = 0;
        while (true) {
            Batch batch = current;
            long delta = timestamp - batch.baseTimestamp;
            int body = 1 + Varint.sizeOf(delta) + INDEX_BYTES + tailSize;
            int size = Varint.sizeOf(body) + body;
            long claimed = (long) TAIL.getAndAdd(batch, 1L << 32 | size);
            int position = (int) claimed;
            int index = (int) (claimed >>> 32);
            if (position + size <= BATCH_SIZE && index < MAX_COUNT) {
                int at = Varint.write(batch.buffer, position, body);
                batch.buffer[at++] = 0;
                at = Varint.write(batch.buffer, at, delta);
                at = writeIndex(batch.buffer, at, index);
                writeTail(batch.buffer, at, value);
                result.joins(batch, index);
                SLOTS.setRelease(batch.slots, index, result);
                break;
            }
            if (position <= BATCH_SIZE && index <= MAX_COUNT) {
                // All claims before this one fitted, so it is the first behind the end.
                full = batch;
                end = position;
                count = index;
                current = newBatch(timestamp);
            } else {
                for (int spins = 0; current == batch; spins++) {
                    pause(spins);
                }
            }
        }
        if (full != null) {
            finish(full, end, count);
        }
        return result;
    }

    private void finish(Batch batch, int end, int count) {
        // Waits for every claim, and looks for the newest timestamp, which no thread could keep up to date alone.
        long max = batch.baseTimestamp;
        for (int i = 0; i < count; i++) {
            Appended result;
            for (int spins = 0; (result = (Appended) SLOTS.getAcquire(batch.slots, i)) == null; spins++) {
                pause(spins);
            }
            max = Math.max(max, result.timestamp);
        }
        sealed.sealed(batch.buffer, end, count, batch.baseTimestamp, max);
        for (int i = 0; i < count; i++) {
            batch.slots[i] = null;
        }
        freeSlots.addFirst(batch.slots);
        giveBack(batch.buffer);
    }

    /** The one that is waited for may have no processor: there are often more threads than those. */
    private static void pause(int spins) {
        if (spins < SPINS_BEFORE_YIELD) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }

    private static int writeIndex(byte[] buffer, int position, int index) {
        int zigzag = index << 1;
        buffer[position] = (byte) (zigzag | 0x80);
        buffer[position + 1] = (byte) (zigzag >>> 7 | 0x80);
        buffer[position + 2] = (byte) (zigzag >>> 14);
        return position + INDEX_BYTES;
    }
}
