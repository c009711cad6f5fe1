package dev.millrace.internal.producer.net;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Direct buffers for requests. The JDK copies a heap buffer whole into a temporary direct one at every write, partial writes
 * included; here it is copied once. A buffer belongs to its request until the response came or the connection was closed, so
 * what a batch does with its own bytes meanwhile can't reach the wire.
 *
 * <p>Thread: the sender thread only. Not part of {@code buffer.memory}: bounded by requests in flight, and what is kept by
 * {@link #MAX_KEPT}.
 */
final class WireBuffers {

    private static final int SMALLEST_SHIFT = 12;
    private static final byte POISON = (byte) 0xDB;
    private static final int MAX_KEPT = 16 << 20;

    @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of generics can't be made otherwise
    private final ArrayDeque<ByteBuffer>[] kept = new ArrayDeque[Integer.SIZE];
    private int keptBytes;

    /** A cleared buffer of {@code size} bytes or more. */
    ByteBuffer take(int size) {
        int shift = Math.max(SMALLEST_SHIFT, Integer.SIZE - Integer.numberOfLeadingZeros(size - 1));
        if (shift >= Integer.SIZE - 1)
            return allocate(size);
        ByteBuffer buffer = kept[shift] == null ? null : kept[shift].poll();
        if (buffer == null)
            return allocate(1 << shift);
        keptBytes -= buffer.capacity();
        return buffer.clear();
    }

    /** In tests: a buffer that is still on the wire then carries what no broker takes. */
    private static boolean poison(ByteBuffer buffer) {
        buffer.clear();
        while (buffer.hasRemaining())
            buffer.put(POISON);
        return true;
    }

    private static ByteBuffer allocate(int size) {
        try {
            return ByteBuffer.allocateDirect(size);
        } catch (OutOfMemoryError e) {
            // -XX:MaxDirectMemorySize is used up, perhaps by others: slower is better than not at all.
            return ByteBuffer.allocate(size);
        }
    }

    void giveBack(ByteBuffer buffer) {
        assert poison(buffer);
        int capacity = buffer.capacity();
        if (!buffer.isDirect() || Integer.bitCount(capacity) != 1 || keptBytes + capacity > MAX_KEPT)
            return;
        int shift = Integer.numberOfTrailingZeros(capacity);
        if (kept[shift] == null)
            kept[shift] = new ArrayDeque<>();
        kept[shift].push(buffer);
        keptBytes += capacity;
    }
}
