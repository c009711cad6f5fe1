package dev.millrace.internal.producer.accumulate;

import dev.millrace.internal.producer.batch.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.utils.Time;

/**
 * {@code buffer.memory}: byte arrays of a bounded total, recycled, and handed out in the order of asking when they are short.
 *
 * <p>Arrays come in sizes of {@code batch.size} times a power of two, so that a batch can begin small and grow; what is asked
 * beyond the largest is allocated to measure and not kept. Handed out plus kept never passes the total.
 *
 * <p>Threads: all methods are for any thread. One lock, taken per array and never per record.
 */
public final class BufferPool implements Memory {

    private static final int SMALLEST = 256;
    private static final byte POISON = (byte) 0xDB;

    /** Told when a thread begins to wait for memory. */
    public interface ShortageListener {
        void memoryIsShort();
    }

    /** Times spent waiting, and failures to get memory. */
    public interface Observer {
        void waited(long waitedNs);

        void exhausted();
    }

    private final long total;
    private final int batchSize;
    private final int[] sizes;
    private final Observer observer;
    private final Time time;

    private final ReentrantLock lock = new ReentrantLock();
    /** Kept arrays, a stack for each of {@link #sizes}; guarded by lock. */
    private final ArrayDeque<byte[]>[] kept;
    /** Bytes neither handed out nor kept; guarded by lock. */
    private long unallocated;
    /** Threads that wait, longest first; guarded by lock, its size mirrored in {@link #waiting}. */
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    /** Guarded by lock. */
    private boolean closed;
    /** Written under lock, read by any thread. */
    private volatile int waiting;
    /** Bytes not handed out: {@link #unallocated} and what is kept; written under lock, read by any thread. */
    private volatile long available;
    /** Set once before use. */
    private volatile ShortageListener listener = () -> { };

    /**
     * @param total bytes in all
     * @param batchSize the size that most arrays will have, in bytes
     * @param largest arrays up to this size are recycled, in bytes
     */
    public BufferPool(long total, int batchSize, int largest, Observer observer, Time time) {
        this.time = time;
        this.total = total;
        this.batchSize = batchSize;
        this.unallocated = total;
        this.available = total;
        this.observer = observer;
        this.sizes = sizes(batchSize, largest);
        @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of generics can't be made otherwise
        ArrayDeque<byte[]>[] stacks = new ArrayDeque[sizes.length];
        for (int i = 0; i < stacks.length; i++)
            stacks[i] = new ArrayDeque<>();
        this.kept = stacks;
    }

    private static int[] sizes(int batchSize, int largest) {
        List<Integer> sizes = new ArrayList<>(List.of(batchSize));
        for (int size = batchSize / 2; size >= SMALLEST; size /= 2)
            sizes.add(0, size);
        for (long size = 2L * batchSize; size <= largest; size *= 2)
            sizes.add((int) size);
        return sizes.stream().mapToInt(Integer::intValue).toArray();
    }

    public void listener(ShortageListener shortageListener) {
        listener = shortageListener;
    }

    /**
     * At least {@code size} bytes, as soon as they are there beside what all who asked earlier still wait for.
     *
     * @param maxBlockMs how long to wait at most
     * @throws BufferExhaustedException when they did not come in time
     * @throws IllegalArgumentException when {@code size} is more than the pool will ever have
     */
    public byte[] allocate(int size, long maxBlockMs) throws InterruptedException {
        if (size > total)
            throw new IllegalArgumentException("Attempt to allocate " + size
                    + " bytes, but there is a hard limit of " + total + " on memory allocations.");
        byte[] atOnce = tryAllocate(size);
        return atOnce != null ? atOnce : allocateSlowPath(size, maxBlockMs);
    }

    @Override
    public byte[] tryAllocate(int size) {
        lock.lock();
        try {
            checkOpen();
            return takeBehind(null, size);
        } finally {
            lock.unlock();
        }
    }

    private byte[] allocateSlowPath(int size, long maxBlockMs) throws InterruptedException {
        long startNs = time.nanoseconds();
        Waiter me = enqueue(size);
        // Outside the lock: the listener wakes the sender, whose released batches are what this thread waits for.
        listener.memoryIsShort();
        lock.lock();
        try {
            long leftNs = TimeUnit.MILLISECONDS.toNanos(maxBlockMs);
            while (true) {
                checkOpen();
                byte[] taken = takeBehind(me, size);
                if (taken != null)
                    return taken;
                if (leftNs <= 0) {
                    observer.exhausted();
                    throw new BufferExhaustedException("Failed to allocate " + size + " bytes within the configured max"
                            + " blocking time " + maxBlockMs + " ms. Total memory: " + total + " bytes. Available memory: "
                            + available + " bytes. Poolable size: " + batchSize + " bytes");
                }
                leftNs = me.turn.awaitNanos(leftNs);
            }
        } finally {
            waiters.remove(me);
            waiting = waiters.size();
            wakeServed();
            lock.unlock();
            observer.waited(time.nanoseconds() - startNs);
        }
    }

    private Waiter enqueue(int size) {
        lock.lock();
        try {
            Waiter waiter = new Waiter(lock.newCondition(), sizeOf(size));
            waiters.addLast(waiter);
            waiting = waiters.size();
            return waiter;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public byte[] shrink(byte[] buffer, int size) {
        int wanted = sizeOf(size);
        if (wanted >= buffer.length)
            return buffer;
        lock.lock();
        try {
            giveBack(buffer);
            // At least as much was given back just now, under the same lock.
            return take(size);
        } finally {
            wakeServed();
            lock.unlock();
        }
    }

    @Override
    public void release(byte[] buffer) {
        lock.lock();
        try {
            giveBack(buffer);
            wakeServed();
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting, now and later, with an exception. */
    public void close() {
        lock.lock();
        try {
            closed = true;
            waiters.forEach(waiter -> waiter.turn.signal());
        } finally {
            lock.unlock();
        }
    }

    /** Threads that wait for memory now. */
    public int waiting() {
        return waiting;
    }

    public long totalMemory() {
        return total;
    }

    /** Bytes that are not handed out; takes no lock. */
    public long availableMemory() {
        return available;
    }

    // ---- guarded by lock ----

    private void checkOpen() {
        if (closed)
            throw new KafkaException("Producer closed while allocating memory");
    }

    /**
     * Null unless what is free suffices for all who stand before {@code waiter}, too; null stands behind all. Nobody gets later
     * what another takes so, and a thread that runs need not stop only because one that was served has not yet woken.
     */
    private byte[] takeBehind(Waiter waiter, int size) {
        long left = available;
        for (Waiter earlier : waiters) {
            if (earlier == waiter || left < 0)
                break;
            left -= earlier.bytes;
        }
        return left >= sizeOf(size) ? take(size) : null;
    }

    /** So much must be free. */
    private byte[] take(int size) {
        byte[] taken = keptOrNew(size);
        available -= taken.length;
        return taken;
    }

    private byte[] keptOrNew(int size) {
        int index = indexOf(size);
        if (index >= 0 && !kept[index].isEmpty())
            return kept[index].pop();
        int length = sizeOf(size);
        for (int i = kept.length - 1; unallocated < length; i--)
            while (unallocated < length && !kept[i].isEmpty()) {
                kept[i].pop();
                unallocated += sizes[i];
            }
        // Made first: where the heap has no room for it, nothing was taken.
        byte[] made = new byte[length];
        unallocated -= length;
        return made;
    }

    private void giveBack(byte[] buffer) {
        assert poison(buffer);
        int index = indexOf(buffer.length);
        if (index >= 0 && sizes[index] == buffer.length) {
            kept[index].push(buffer);
        } else {
            unallocated += buffer.length;
        }
        available += buffer.length;
    }

    /** In tests: who still reads it then reads no record, and what is sent of it no broker takes. */
    private static boolean poison(byte[] buffer) {
        Arrays.fill(buffer, POISON);
        return true;
    }

    /** Those that {@link #takeBehind} has something for now; who is awake already is not disturbed. */
    private void wakeServed() {
        long left = available;
        for (Waiter waiter : waiters) {
            left -= waiter.bytes;
            if (left < 0)
                return;
            waiter.turn.signal();
        }
    }

    private record Waiter(Condition turn, int bytes) {
    }

    // ---- sizes ----

    /** What an array for {@code size} bytes is long. */
    private int sizeOf(int size) {
        int index = indexOf(size);
        return index >= 0 && sizes[index] <= total ? sizes[index] : size;
    }

    private int indexOf(int size) {
        for (int i = 0; i < sizes.length; i++)
            if (sizes[i] >= size)
                return i;
        return -1;
    }
}
