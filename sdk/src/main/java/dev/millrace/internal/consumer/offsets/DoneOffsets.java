package dev.millrace.internal.consumer.offsets;

import java.util.Arrays;

/** Offsets that are done: ascending ranges, each without its end, with at least one offset between two of them. Immutable. */
public final class DoneOffsets {
    public static final DoneOffsets EMPTY = new DoneOffsets(new long[0], new long[0]);

    private static final int SHOWN_RANGES = 16;

    private final long[] starts;
    private final long[] ends;

    private DoneOffsets(long[] starts, long[] ends) {
        this.starts = starts;
        this.ends = ends;
    }

    /**
     * @param bounds start and end of each range, in turns, as {@link Builder#add} wants them
     * @throws IllegalArgumentException if an end is missing, or as {@link Builder#add} does
     */
    public static DoneOffsets of(long... bounds) {
        if (bounds.length % 2 != 0) {
            throw new IllegalArgumentException("Each range has a start and an end, but there are " + bounds.length + " bounds");
        }
        Builder builder = builder(bounds.length / 2);
        for (int i = 0; i < bounds.length; i += 2) {
            builder.add(bounds[i], bounds[i + 1]);
        }
        return builder.build();
    }

    /** @param maxRanges further ones are refused; 0 or more */
    public static Builder builder(int maxRanges) {
        return new Builder(maxRanges);
    }

    public boolean isEmpty() {
        return starts.length == 0;
    }

    public int rangeCount() {
        return starts.length;
    }

    /** First offset of a range, counted from 0. */
    public long start(int range) {
        return starts[range];
    }

    /** The offset behind a range, counted from 0. */
    public long end(int range) {
        return ends[range];
    }

    /** Takes time by the logarithm of the number of ranges. */
    public boolean contains(long offset) {
        int range = lastStartingAtOrBelow(offset);
        return range >= 0 && offset < ends[range];
    }

    /** The last range that starts at this offset or below it; -1 if all start above. */
    int lastStartingAtOrBelow(long offset) {
        int found = Arrays.binarySearch(starts, offset);
        return found >= 0 ? found : -found - 2;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DoneOffsets that && Arrays.equals(starts, that.starts) && Arrays.equals(ends, that.ends);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(starts) + Arrays.hashCode(ends);
    }

    /** For example {@code [3,5) [8,9)}; of many ranges, the first ones. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        int shown = Math.min(starts.length, SHOWN_RANGES);
        for (int i = 0; i < shown; i++) {
            text.append(i == 0 ? "[" : " [").append(starts[i]).append(',').append(ends[i]).append(')');
        }
        if (shown < starts.length) {
            text.append(" and ").append(starts.length - shown).append(" more");
        }
        return shown == 0 ? "none" : text.toString();
    }

    /** Takes ranges in ascending order, up to a number of them. For one thread. */
    public static final class Builder {
        private static final int INITIAL_CAPACITY = 16;

        private final int maxRanges;
        private long[] starts = EMPTY.starts;
        private long[] ends = EMPTY.ends;
        private int count;

        private Builder(int maxRanges) {
            if (maxRanges < 0) {
                throw new IllegalArgumentException("The number of ranges is limited to 0 or more, but this is " + maxRanges);
            }
            this.maxRanges = maxRanges;
        }

        /**
         * Adds a range, or makes the last one longer where this one continues it; one without offsets changes nothing.
         *
         * @param start at or behind the end of the last range
         * @return whether it is in; false if there are as many ranges as may be
         * @throws IllegalArgumentException if the start is behind the end, negative, or before the end of the last range
         */
        public boolean add(long start, long end) {
            long last = count == 0 ? 0 : ends[count - 1];
            if (start < last || end < start) {
                throw new IllegalArgumentException("The range [" + start + "," + end + ") does not follow on " + last);
            }
            if (start == end) {
                return true;
            }
            if (count > 0 && start == last) {
                ends[count - 1] = end;
                return true;
            }
            if (count == maxRanges) {
                return false;
            }
            if (count == starts.length) {
                grow();
            }
            starts[count] = start;
            ends[count++] = end;
            return true;
        }

        private void grow() {
            int capacity = Math.min(Math.max(INITIAL_CAPACITY, 2 * count), maxRanges);
            starts = Arrays.copyOf(starts, capacity);
            ends = Arrays.copyOf(ends, capacity);
        }

        /** What was added up to now; more may be added later on. */
        public DoneOffsets build() {
            return count == 0 ? EMPTY : new DoneOffsets(Arrays.copyOf(starts, count), Arrays.copyOf(ends, count));
        }
    }
}
