package dev.millrace.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where a decompressor writes. It either fills the caller's array, or collects segments up to a limit and joins them at
 * the end. Used by one thread at a time.
 *
 * <pre>
 *   full segments                 current segment
 *   +----------+---------------+  +---------------------------------+
 *   | used up  | used up       |  | written      | room             |
 *   +----------+---------------+  +---------------------------------+
 *                                 0           position           limit
 * </pre>
 *
 * No segment reaches beyond the limit, and a next one is opened when the one before is used up (or cut to what was
 * written), so all of them together take {@code maxLength} bytes at most, whatever the input claims. When nothing more
 * is allowed, there is still room for one byte, in an array of its own: decompressors find the end of their input
 * without special cases, and one that does write that byte gets the exception.
 */
final class BoundedOutput {
    /** Outputs up to this size are collected in one array that stays here for the next one. */
    static final int RETAINED_BYTES = 1 << 20;
    private static final int FIRST_SEGMENT_BYTES = 1 << 16;
    private static final int LARGEST_SEGMENT_BYTES = 1 << 22;
    /** What HotSpot can allocate. */
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final byte[] overflow = new byte[1];
    private final List<byte[]> fullSegments = new ArrayList<>();
    /** Reused for small outputs; grows with what was seen, up to {@link #RETAINED_BYTES}. */
    private byte[] scratch = new byte[0];

    private byte[] segment = overflow;
    private int start;
    private int position;
    private int limit;
    /** Bytes in {@link #fullSegments}. */
    private int fullBytes;
    private int maxLength;
    private boolean growing;

    /** Starts an output that may grow to {@code maxLength}; ends with {@link #toArray}. */
    void startGrowing(int maxLength) {
        this.maxLength = Math.min(maxLength, LARGEST_ARRAY);
        this.growing = true;
        open(overflow, 0, 0);
    }

    /** Starts an output into the caller's array; ends with {@link #length}. */
    void startFixed(byte[] dst, int dstOffset) {
        this.maxLength = dst.length - dstOffset;
        this.growing = false;
        open(dst, dstOffset, dst.length);
    }

    /**
     * Called before anything is written: the input claims to decompress to {@code length} bytes, and that is possible.
     * When it is right, this array is the result as it is; when it is wrong, more segments follow or it is cut.
     */
    void expect(long length) {
        if (growing && length > 0 && length <= maxLength) {
            open(new byte[(int) length], 0, (int) length);
        }
    }

    /**
     * At most {@code length} bytes come next and must lie in one piece: makes contiguous room for them, up to the
     * limit.
     */
    void expectContiguous(long length) {
        if (!growing || length <= limit - position) {
            return;
        }
        int size = (int) Math.min(length, maxLength - length());
        keepSegment();
        open(size <= RETAINED_BYTES && fullSegments.isEmpty() ? scratch(size) : new byte[size], 0, size);
    }

    /** The array to write to, from {@link #position} on. Changes with {@link #room}. */
    byte[] array() {
        return segment;
    }

    int position() {
        return position;
    }

    /** How many bytes may be written to {@link #array} without asking again. May be 0. */
    int contiguousRoom() {
        return limit - position;
    }

    /** Like {@link #contiguousRoom}, but opens the next segment when there is none left: at least 1. */
    int room() {
        if (position == limit) {
            openNext();
        }
        return limit - position;
    }

    /** Counts {@code written} bytes that were written to {@link #array} from {@link #position} on. */
    void advance(int written) {
        if (segment == overflow && written > 0) {
            throw tooLarge();
        }
        position += written;
    }

    /** Copies bytes in, over as many segments as it takes. */
    void write(byte[] src, int srcOffset, int srcLength) {
        int from = srcOffset;
        int end = srcOffset + srcLength;
        while (from < end) {
            int part = Math.min(room(), end - from);
            System.arraycopy(src, from, segment, position, part);
            advance(part);
            from += part;
        }
    }

    /** Bytes written so far. */
    int length() {
        return fullBytes + (segment == overflow ? 0 : position - start);
    }

    int maxLength() {
        return maxLength;
    }

    /** The exception for output that would not fit. */
    CodecException tooLarge() {
        return new CodecException(growing
                ? "the input decompresses to more than the " + maxLength + " bytes allowed"
                : "the input decompresses to more than the " + maxLength
                        + " bytes left in the destination, or is corrupt");
    }

    /** All that was written, in an array of its size. */
    byte[] toArray() {
        int length = length();
        byte[] last = segment;
        if (fullSegments.isEmpty()) {
            return last.length == length && last != scratch && last != overflow ? last : Arrays.copyOf(last, length);
        }
        byte[] joined = new byte[length];
        int at = 0;
        for (byte[] full : fullSegments) {
            System.arraycopy(full, 0, joined, at, full.length);
            at += full.length;
        }
        System.arraycopy(last, 0, joined, at, length - at);
        if (length <= RETAINED_BYTES) {
            scratch(length); // the next output of this size needs one segment
        }
        return joined;
    }

    /** Forgets the output, so that no array but the scratch is held while this lies in the pool. */
    void reset() {
        fullSegments.clear();
        fullBytes = 0;
        open(overflow, 0, 0);
    }

    private void openNext() {
        int left = maxLength - length();
        if (!growing || left == 0) {
            keepSegment();
            open(overflow, 0, 1);
        } else if (segment == overflow) {
            byte[] first = scratch(Math.min(FIRST_SEGMENT_BYTES, left));
            open(first, 0, Math.min(first.length, left));
        } else {
            keepSegment();
            int size = Math.min(left, Math.max(FIRST_SEGMENT_BYTES, Math.min(fullBytes, LARGEST_SEGMENT_BYTES)));
            open(new byte[size], 0, size);
        }
    }

    private void keepSegment() {
        int written = length() - fullBytes;
        if (written > 0 && growing) {
            fullSegments.add(written == segment.length ? segment : Arrays.copyOf(segment, written));
        }
        fullBytes += written;
    }

    private void open(byte[] next, int from, int to) {
        segment = next;
        start = from;
        position = from;
        limit = to;
    }

    private byte[] scratch(int atLeast) {
        if (scratch.length < atLeast) {
            scratch = new byte[Math.max(atLeast, FIRST_SEGMENT_BYTES)];
        }
        return scratch;
    }
}
