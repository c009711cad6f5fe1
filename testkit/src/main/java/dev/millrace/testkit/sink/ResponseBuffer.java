package dev.millrace.testkit.sink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/**
 * The responses of one connection that are not sent yet, one after the other in a direct buffer, each with the time
 * from which it may go. A response is made by {@link #begin}, writes to the buffer that {@link #room} gives, and
 * {@link #end}. Sink's thread only.
 *
 * <pre>
 *    0 ... sent ... sendable ... buffer.position() ... capacity
 *    | sent | may go  | waits for its time | free
 * </pre>
 */
final class ResponseBuffer {
    private static final int INITIAL = 64 << 10;

    private ByteBuffer buffer = ByteBuffer.allocateDirect(INITIAL);
    private int sent;
    private int sendable;
    private int beginning = -1;

    // The responses that wait: a ring of where they end, and of when they may go.
    private int[] ends = new int[16];
    private long[] duesNs = new long[16];
    private int head;
    private int waiting;

    /** Bytes not sent. */
    int pending() {
        return buffer.position() - sent;
    }

    /** The buffer to write on at its position, with this much room at least. Valid until the next call. */
    ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            makeRoom(bytes);
        }
        return buffer;
    }

    private void makeRoom(int bytes) {
        int used = pending();
        ByteBuffer target = buffer;
        if (used + bytes > buffer.capacity() / 4 * 3) { // nearly full, it would be compacted again and again
            target = ByteBuffer.allocateDirect(Math.max(used + bytes, Math.multiplyExact(buffer.capacity(), 2)));
        }
        buffer.flip().position(sent);
        if (target == buffer) {
            buffer.compact();
        } else {
            buffer = target.put(buffer);
        }
        for (int i = 0; i < waiting; i++) {
            ends[slot(i)] -= sent;
        }
        beginning -= beginning < 0 ? 0 : sent;
        sendable -= sent;
        sent = 0;
    }

    /** Begins a response: its size, which {@link #end} fills in, and its header. */
    void begin(int correlationId, boolean flexibleHeader) {
        ByteBuffer out = room(9);
        beginning = out.position();
        out.putInt(0).putInt(correlationId);
        if (flexibleHeader) {
            Wire.putNoTags(out);
        }
    }

    /** Ends the response; it may go at this time, but not before those made earlier. */
    void end(long dueNs) {
        buffer.putInt(beginning, buffer.position() - beginning - Integer.BYTES);
        beginning = -1;
        if (waiting == ends.length) {
            grow();
        }
        ends[slot(waiting)] = buffer.position();
        duesNs[slot(waiting)] = dueNs;
        waiting++;
    }

    /** Takes back what was written since {@link #begin}. */
    void discard() {
        buffer.position(beginning);
        beginning = -1;
    }

    private int slot(int i) {
        return (head + i) & (ends.length - 1);
    }

    private void grow() {
        int[] moreEnds = Arrays.copyOf(ends, ends.length * 2);
        long[] moreDues = Arrays.copyOf(duesNs, ends.length * 2);
        for (int i = 0; i < waiting; i++) {
            moreEnds[i] = ends[slot(i)];
            moreDues[i] = duesNs[slot(i)];
        }
        ends = moreEnds;
        duesNs = moreDues;
        head = 0;
    }

    /** Sends what may go, as far as the channel takes it; says whether something that may go is left. */
    boolean flush(WritableByteChannel channel, long nowNs) throws IOException {
        while (waiting > 0 && duesNs[head] - nowNs <= 0) {
            sendable = ends[head];
            head = slot(1);
            waiting--;
        }
        if (sent == sendable) {
            return false;
        }
        int position = buffer.position();
        buffer.limit(sendable).position(sent);
        channel.write(buffer);
        sent = buffer.position();
        buffer.limit(buffer.capacity()).position(position);
        boolean left = sent < sendable;
        if (sent == position) {
            buffer.clear();
            sent = 0;
            sendable = 0;
        }
        return left;
    }

    /** How long until the next response may go, in ns; {@link Long#MAX_VALUE} if none waits. */
    long dueInNs(long nowNs) {
        return waiting == 0 ? Long.MAX_VALUE : Math.max(0, duesNs[head] - nowNs);
    }
}
