package dev.millrace.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One direction of a proxied connection: reads from one socket, writes to the other, as late as the faults want it.
 *
 * <p>It reads no more than it can pass on: with no delay, not before the chunk it holds is written; with a delay, up to
 * {@link #MAX_DELAYED_BYTES}. Proxy's thread only.
 */
final class ProxyPipe {
    /** What may wait for its time, in bytes: the bandwidth-delay product of 160 MB/s at 100 ms. */
    static final int MAX_DELAYED_BYTES = 16 << 20;

    /** What the faults do to every pipe of one direction. Proxy's thread only. */
    static final class Faults {
        long delayNs;
        boolean blackHole;
        boolean stalled;
        /** Bytes passed on, for any thread to read. */
        volatile long bytes;

        void heal() {
            delayNs = 0;
            blackHole = false;
            stalled = false;
        }
    }

    private record Chunk(ByteBuffer bytes, long arrivedNs) {
    }

    private final SocketChannel from;
    private final SocketChannel to;
    private final Faults faults;
    private final Deque<Chunk> chunks = new ArrayDeque<>();
    private int queuedBytes;
    private boolean blocked;   // the socket took less than it was offered
    private boolean ended;     // nothing more to read
    private long endedNs;
    private boolean finished;  // the end was passed on
    private boolean lossy;     // something was dropped: what follows would make no sense to the receiver

    ProxyPipe(SocketChannel from, SocketChannel to, Faults faults) {
        this.from = from;
        this.to = to;
        this.faults = faults;
    }

    boolean wantsToRead() {
        if (ended) {
            return false;
        }
        if (faults.blackHole) {
            return true;
        }
        return !faults.stalled && (faults.delayNs > 0 ? queuedBytes < MAX_DELAYED_BYTES : chunks.isEmpty());
    }

    boolean wantsToWrite() {
        return blocked && !faults.stalled;
    }

    boolean ended() {
        return ended;
    }

    boolean finished() {
        return finished;
    }

    boolean lossy() {
        return lossy;
    }

    /** Reads once and passes on what may be; the buffer is scratch. */
    void read(ByteBuffer scratch, long nowNs) throws IOException {
        scratch.clear();
        int length = from.read(scratch);
        if (length < 0) {
            ended = true;
            endedNs = nowNs;
        } else if (!faults.blackHole) {
            scratch.flip();
            if (faults.delayNs == 0 && chunks.isEmpty()) {
                write(scratch);
            }
            if (scratch.hasRemaining()) {
                ByteBuffer copy = ByteBuffer.allocate(scratch.remaining()).put(scratch).flip();
                chunks.add(new Chunk(copy, nowNs));
                queuedBytes += copy.remaining();
            }
        } else {
            lossy |= length > 0;
        }
        pump(nowNs);
    }

    /** Writes what is due, as far as the socket takes it; then passes on the end. */
    void pump(long nowNs) throws IOException {
        if (faults.blackHole) {
            drop();
            return;
        }
        if (faults.stalled) {
            return;
        }
        blocked = false; // or a chunk that is not due any more would be offered as fast as the socket is ready
        while (!chunks.isEmpty() && isDue(chunks.peek().arrivedNs, nowNs)) {
            ByteBuffer bytes = chunks.peek().bytes;
            queuedBytes -= write(bytes);
            if (bytes.hasRemaining()) {
                return;
            }
            chunks.poll();
        }
        if (ended && !finished && chunks.isEmpty() && isDue(endedNs, nowNs)) {
            finished = true;
            to.shutdownOutput();
        }
    }

    private int write(ByteBuffer bytes) throws IOException {
        int written = to.write(bytes);
        blocked = bytes.hasRemaining();
        faults.bytes += written; // one writer: the proxy's thread
        return written;
    }

    private void drop() {
        lossy |= !chunks.isEmpty() || ended && !finished;
        chunks.clear();
        queuedBytes = 0;
        blocked = false;
    }

    private boolean isDue(long arrivedNs, long nowNs) {
        return arrivedNs + faults.delayNs - nowNs <= 0;
    }

    /** How long until something is due, in ns; {@link Long#MAX_VALUE} if nothing waits for its time. */
    long dueInNs(long nowNs) {
        if (blocked || faults.stalled || faults.blackHole) {
            return Long.MAX_VALUE;
        }
        if (!chunks.isEmpty()) {
            return Math.max(0, chunks.peek().arrivedNs + faults.delayNs - nowNs);
        }
        return ended && !finished ? Math.max(0, endedNs + faults.delayNs - nowNs) : Long.MAX_VALUE;
    }
}
