package dev.millrace.testkit.sink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * One client's connection: cuts the incoming bytes into requests, and sends responses. Stops reading while more than
 * {@link #MAX_PENDING_BYTES} of responses are not sent. Sink's thread only.
 */
final class SinkConnection {
    /** Answers one request. */
    interface Requests {
        /** The request is what the buffer holds from its position to its limit, without its size. */
        void answer(ByteBuffer request, ResponseBuffer out, long nowNs);
    }

    static final int MAX_PENDING_BYTES = 64 << 20;
    private static final int MAX_REQUEST_BYTES = 256 << 20;
    private static final int INITIAL = 256 << 10;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final Requests requests;
    private final ResponseBuffer out = new ResponseBuffer();
    private ByteBuffer in = ByteBuffer.allocateDirect(INITIAL);
    private ByteBuffer request = in.duplicate(); // the same bytes, with limits of its own
    private int begin;                           // of the first request not answered
    private boolean blocked;                     // the socket took less than it was offered

    SinkConnection(SocketChannel channel, SelectionKey key, Requests requests) {
        this.channel = channel;
        this.key = key;
        this.requests = requests;
    }

    /**
     * Does what the key is ready for.
     *
     * @return false if the client has ended the connection
     * @throws IllegalArgumentException if the bytes are no request the sink knows
     */
    boolean onReady(long nowNs) throws IOException {
        if (key.isReadable()) {
            if (channel.read(in) < 0) {
                return false;
            }
            answerAll(nowNs);
        }
        flush(nowNs);
        return true;
    }

    private void answerAll(long nowNs) {
        int end = in.position();
        int needed = Integer.BYTES;
        while (end - begin >= Integer.BYTES) {
            int size = in.getInt(begin);
            if (size < 8 || size > MAX_REQUEST_BYTES) {
                throw new IllegalArgumentException("a request of " + size + " bytes");
            }
            needed = Integer.BYTES + size;
            if (end - begin < needed) {
                break;
            }
            request.limit(begin + needed).position(begin + Integer.BYTES);
            requests.answer(request, out, nowNs);
            begin += needed;
            needed = Integer.BYTES;
        }
        makeRoom(needed);
    }

    /** Moves the rest of a request to the front only when the whole of it would not fit behind the others. */
    private void makeRoom(int needed) {
        if (begin == in.position()) {
            in.clear();
            begin = 0;
        } else if (needed > in.capacity() - begin) {
            in.flip().position(begin);
            if (needed > in.capacity()) {
                in = ByteBuffer.allocateDirect(needed).put(in);
                request = in.duplicate();
            } else {
                in.compact();
            }
            begin = 0;
        }
    }

    /** Sends what may go by now. */
    void flush(long nowNs) throws IOException {
        blocked = out.flush(channel, nowNs);
        int interest = (out.pending() < MAX_PENDING_BYTES ? SelectionKey.OP_READ : 0)
                | (blocked ? SelectionKey.OP_WRITE : 0);
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
    }

    /** How long until a response may go, in ns; {@link Long#MAX_VALUE} if none waits for its time. */
    long dueInNs(long nowNs) {
        return blocked ? Long.MAX_VALUE : out.dueInNs(nowNs);
    }

    void close() throws IOException {
        key.cancel();
        channel.close();
    }
}
