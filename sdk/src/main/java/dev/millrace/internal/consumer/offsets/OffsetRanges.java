package dev.millrace.internal.consumer.offsets;

import java.nio.ByteBuffer;
import java.util.BitSet;

/** The ranges within the metadata of a commit, in runs and bits as {@link OffsetMapCodec} draws them. */
final class OffsetRanges {
    private static final int MAX_VARINT = 9;

    private OffsetRanges() {
    }

    /**
     * The lowest ranges, as many as fit.
     *
     * @param done not empty
     * @param base ranges are told from here on, what lies below it is left out; 0 or more
     * @param maxBytes any number
     * @return at most {@code maxBytes}; none if nothing is done at or beyond the base, or nothing fits
     */
    static byte[] encode(DoneOffsets done, long base, int maxBytes) {
        if (base < 0) {
            throw new IllegalArgumentException("A committed offset is 0 or more, but this is " + base);
        }
        Plan plan = new Plan(done, base);
        plan.choose(maxBytes);
        return plan.write();
    }

    /** @return what {@link #encode} wrote; nothing if it did not write this */
    static DoneOffsets decode(ByteBuffer bytes, long base) {
        long runs = readVarint(bytes);
        if (runs < 0) {
            return DoneOffsets.EMPTY;
        }
        DoneOffsets.Builder done = DoneOffsets.builder(Integer.MAX_VALUE);
        long end = base;
        // However many there are said to be, it ends with the bytes.
        for (int run = 0; run < runs; run++) {
            long start = readStart(bytes, run, end);
            long more = readVarint(bytes);
            if (start < 0 || more < 0 || more >= Long.MAX_VALUE - start) {
                return DoneOffsets.EMPTY;
            }
            end = start + more + 1;
            done.add(start, end);
        }
        if (bytes.hasRemaining() && !readBits(bytes, readStart(bytes, (int) runs, end), done)) {
            return DoneOffsets.EMPTY;
        }
        return done.build();
    }

    /** @return where the range starts; -1 if this cannot be */
    private static long readStart(ByteBuffer bytes, int range, long end) {
        long gap = readVarint(bytes);
        long least = range == 0 ? 0 : 1;
        return gap < 0 || gap > Long.MAX_VALUE - end - least ? -1 : end + gap + least;
    }

    private static boolean readBits(ByteBuffer bytes, long start, DoneOffsets.Builder done) {
        int length = bytes.remaining();
        BitSet bits = BitSet.valueOf(bytes);
        // The first offset is done, and so is one of the last byte's; else there would be two ways to write one thing.
        if (start < 0 || !bits.get(0) || bits.length() <= Byte.SIZE * (length - 1) || start > Long.MAX_VALUE - bits.length()) {
            return false;
        }
        for (int from = 0; from >= 0;) {
            int to = bits.nextClearBit(from);
            done.add(start + from, start + to);
            from = bits.nextSetBit(to);
        }
        return true;
    }

    /** @return -1 if there is none, or none that {@link #writeVarint} writes */
    private static long readVarint(ByteBuffer bytes) {
        long value = 0;
        for (int i = 0; i < MAX_VARINT && bytes.hasRemaining(); i++) {
            byte next = bytes.get();
            value |= (long) (next & 0x7f) << 7 * i;
            if (next >= 0) {
                return next == 0 && i > 0 ? -1 : value;
            }
        }
        return -1;
    }

    private static void writeVarint(ByteBuffer bytes, long value) {
        long rest = value;
        for (; rest > 0x7f; rest >>>= 7) {
            bytes.put((byte) (rest | 0x80));
        }
        bytes.put((byte) rest);
    }

    private static int varintSize(long value) {
        return (Long.SIZE - Long.numberOfLeadingZeros(value | 1) + 6) / 7;
    }

    /** How many ranges are written as runs, and how many offsets behind them as bits. */
    private static final class Plan {
        private final DoneOffsets done;
        private final long base;
        /** The first range that ends beyond the base. */
        private final int first;
        /** Offsets done in the ranges from the first on, before the one of this index. */
        private final long[] before;

        /** The best choice up to now. */
        private int runs;
        private int bits;
        private int size;
        private long remembered;

        Plan(DoneOffsets done, long base) {
            this.done = done;
            this.base = base;
            int at = Math.max(done.lastStartingAtOrBelow(base), 0);
            first = done.end(at) <= base ? at + 1 : at;
            before = new long[ranges() + 1];
            for (int range = 0; range < ranges(); range++) {
                before[range + 1] = before[range] + end(range) - start(range);
            }
        }

        private int ranges() {
            return done.rangeCount() - first;
        }

        private long start(int range) {
            return Math.max(done.start(first + range), base);
        }

        private long end(int range) {
            return done.end(first + range);
        }

        private long gap(int range) {
            return range == 0 ? start(0) - base : start(range) - end(range - 1) - 1;
        }

        private long more(int range) {
            return end(range) - start(range) - 1;
        }

        /** Looks at each number of runs that fits, with and without bits behind them. */
        void choose(int maxBytes) {
            int bytes = 0;
            for (int count = 0; count <= ranges() && bytes + varintSize(count) <= maxBytes; count++) {
                int used = bytes + varintSize(count);
                consider(count, 0, used, before[count]);
                if (count < ranges()) {
                    considerBits(count, used + varintSize(gap(count)), maxBytes);
                    bytes += varintSize(gap(count)) + varintSize(more(count));
                }
            }
        }

        private void considerBits(int count, int used, int maxBytes) {
            if (used >= maxBytes) {
                return;
            }
            long start = start(count);
            long reach = start + Math.min(8L * (maxBytes - used), end(ranges() - 1) - start);
            // Up to the last done offset within reach.
            int last = done.lastStartingAtOrBelow(reach - 1) - first;
            long end = Math.min(end(last), reach);
            int length = (int) (end - start);
            consider(count, length, used + (length + 7) / 8, before[last] + end - start(last));
        }

        private void consider(int count, int length, int bytes, long offsets) {
            if (offsets > remembered || (offsets == remembered && bytes < size)) {
                runs = count;
                bits = length;
                size = bytes;
                remembered = offsets;
            }
        }

        byte[] write() {
            if (remembered == 0) {
                return new byte[0];
            }
            ByteBuffer bytes = ByteBuffer.allocate(size);
            writeVarint(bytes, runs);
            for (int range = 0; range < runs; range++) {
                writeVarint(bytes, gap(range));
                writeVarint(bytes, more(range));
            }
            if (bits > 0) {
                writeVarint(bytes, gap(runs));
                bytes.put(bits());
            }
            return bytes.array();
        }

        private byte[] bits() {
            BitSet set = new BitSet(bits);
            long start = start(runs);
            for (int range = runs; range < ranges() && start(range) - start < bits; range++) {
                set.set((int) (start(range) - start), (int) Math.min(end(range) - start, bits));
            }
            return set.toByteArray();
        }
    }
}
