package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.batch.Varint;
import java.util.concurrent.locks.ReentrantLock;

/** Appends under a lock, which is held for one record's encoding; what can be computed before, is. The engine's way. */
abstract class LockedAppender extends PartitionAppender {

    private static final class Batch {
        final byte[] buffer;
        int position = HEADER;
        int count;
        Appended first;
        Appended last;
        long baseTimestamp;
        long maxTimestamp;

        Batch(byte[] buffer) {
            this.buffer = buffer;
        }

        boolean tryAppend(byte[] value, int tailSize, Appended result) {
            long delta = count == 0 ? 0 : result.timestamp - baseTimestamp;
            int body = 1 + Varint.sizeOf(delta) + Varint.sizeOf(count) + tailSize;
            if (position + Varint.sizeOf(body) + body > BATCH_SIZE) {
                return false;
            }
            int at = Varint.write(buffer, position, body);
            buffer[at++] = 0;
            at = Varint.write(buffer, at, delta);
            at = Varint.write(buffer, at, count);
            position = writeTail(buffer, at, value);
            if (count == 0) {
                baseTimestamp = result.timestamp;
                maxTimestamp = result.timestamp;
                first = result;
            } else {
                maxTimestamp = Math.max(maxTimestamp, result.timestamp);
                last.next = result;
            }
            last = result;
            result.joins(this, count++);
            return true;
        }
    }

    /** Guarded by the lock. */
    private Batch open = new Batch(takeBuffer());

    LockedAppender(Sealed sealed) {
        super(sealed);
    }

    /** With the lock held; returns the batch that was full and is now the caller's, or null. */
    final Object appendLocked(byte[] value, int tailSize, Appended result) {
        if (open.tryAppend(value, tailSize, result)) {
            return null;
        }
        Batch full = open;
        open = new Batch(takeBuffer());
        if (!open.tryAppend(value, tailSize, result)) {
            throw new IllegalArgumentException("a value of " + value.length + " bytes fits into no batch");
        }
        return full;
    }

    /** Without the lock: the caller alone has the batch. */
    final void finish(Object full) {
        Batch batch = (Batch) full;
        sealed.sealed(batch.buffer, batch.position, batch.count, batch.baseTimestamp, batch.maxTimestamp);
        // Completion touches each record once; here in all variants, so that their results are linked and unlinked alike.
        for (Appended result = batch.first, next; result != null; result = next) {
            next = result.next;
            result.next = null;
        }
        giveBack(batch.buffer);
    }

    /** With the object's own monitor. */
    static final class Synchronized extends LockedAppender {
        private final Object lock = new Object();

        Synchronized(Sealed sealed) {
            super(sealed);
        }

        @Override
        Appended append(long timestamp, byte[] value) {
            int tailSize = tailSize(value);
            Appended result = new Appended(timestamp);
            Object full;
            synchronized (lock) {
                full = appendLocked(value, tailSize, result);
            }
            if (full != null) {
                finish(full);
            }
            return result;
        }
    }

    /** With a {@link ReentrantLock}, not fair. */
    static final class Reentrant extends LockedAppender {
        private final ReentrantLock lock = new ReentrantLock();

        Reentrant(Sealed sealed) {
            super(sealed);
        }

        @Override
        Appended append(long timestamp, byte[] value) {
            int tailSize = tailSize(value);
            Appended result = new Appended(timestamp);
            Object full;
            lock.lock();
            try {
                full = appendLocked(value, tailSize, result);
            } finally {
                lock.unlock();
            }
            if (full != null) {
                finish(full);
            }
            return result;
        }
    }
}
