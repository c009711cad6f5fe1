package dev.millrace.perf.consume;

import dev.millrace.perf.broker.EndOffsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Which records there are and which were handled, by their offsets: a byte for each, written by whatever thread handles it.
 * Two threads that handle one record at the same time both count it, and its byte is the same afterwards, so nothing has to be
 * atomic but the counts: what was handled more often than there are marks was handled twice.
 */
public final class Ledger {
    private static final int CHUNK_BITS = 16;
    private static final int CHUNK = 1 << CHUNK_BITS;
    private static final byte THERE = 1;
    private static final byte HANDLED = 2;

    private final Map<Integer, Part> parts = new TreeMap<>();
    /** By partition number, for the handlers; null where there is none. */
    private final Part[] byNumber;

    /**
     * For records between two sets of offsets.
     *
     * @param dense whether there is a record at each offset; otherwise {@link #mark} has to tell where
     */
    public Ledger(EndOffsets from, EndOffsets to, boolean dense) {
        int highest = -1;
        for (Map.Entry<Integer, Long> end : to.byPartition().entrySet()) {
            long first = from.byPartition().getOrDefault(end.getKey(), 0L);
            parts.put(end.getKey(), new Part(end.getKey(), first, end.getValue(), dense));
            highest = Math.max(highest, end.getKey());
        }
        byNumber = new Part[highest + 1];
        parts.forEach((number, part) -> byNumber[number] = part);
    }

    /** There is a record. Before the first one is handled. */
    public void mark(int partition, long offset) {
        Part part = byNumber[partition];
        part.set(offset, THERE);
        part.marked++;
    }

    /** A record was handled. Any thread. */
    void handled(int partition, long offset) {
        Part part = partition < byNumber.length ? byNumber[partition] : null;
        if (part != null && offset >= part.from && offset < part.to) {
            part.handled(offset);
        }
    }

    /** How many records there are. */
    public long expected() {
        return parts.values().stream().mapToLong(Part::expected).sum();
    }

    /** How many of them were handled so far, those counted once that were handled twice. Any thread. */
    long handledCount() {
        long sum = 0;
        for (Part part : parts.values()) {
            sum += part.first.sum();
        }
        return sum;
    }

    /**
     * What became of each partition. When nothing is handled any more.
     *
     * @param committed the group's offsets; partitions of which it has committed nothing are missing
     */
    public List<PartitionResult> check(EndOffsets committed) {
        Map<Integer, Long> ends = new HashMap<>();
        parts.forEach((number, part) -> ends.put(number, part.to));
        return check(new EndOffsets(ends), committed);
    }

    /**
     * The same, of records whose ends were not known before, but for a bound.
     *
     * @param ends of all records that there are
     */
    public List<PartitionResult> check(EndOffsets ends, EndOffsets committed) {
        List<PartitionResult> results = new ArrayList<>();
        parts.forEach((number, part) -> results.add(part.check(Math.min(part.to, ends.byPartition().get(number)),
                committed.byPartition().getOrDefault(number, -1L))));
        return results;
    }

    /** One partition's records, in chunks that are made when the first of their records is met. */
    private static final class Part {
        private final int number;
        private final long from;
        private final long to;
        private final boolean dense;
        private final AtomicReferenceArray<byte[]> chunks;
        /** Handlings of records that had not been handled, and of those that had. */
        private final LongAdder first = new LongAdder();
        private final LongAdder again = new LongAdder();
        /** Before the first record is handled. */
        private long marked;

        Part(int number, long from, long to, boolean dense) {
            this.number = number;
            this.from = from;
            this.to = to;
            this.dense = dense;
            this.chunks = new AtomicReferenceArray<>(Math.toIntExact(to - from + CHUNK - 1 >> CHUNK_BITS));
        }

        void handled(long offset) {
            if (set(offset, HANDLED)) {
                first.increment();
            } else {
                again.increment();
            }
        }

        /** @return whether it was not set before, but for threads that set it at the same time */
        boolean set(long offset, byte bit) {
            long index = offset - from;
            byte[] chunk = chunks.get((int) (index >> CHUNK_BITS));
            if (chunk == null) {
                chunk = chunkSlowPath((int) (index >> CHUNK_BITS));
            }
            int at = (int) index & CHUNK - 1;
            byte before = chunk[at];
            if ((before & bit) != 0) {
                return false;
            }
            chunk[at] = (byte) (before | bit);
            return true;
        }

        private byte[] chunkSlowPath(int index) {
            chunks.compareAndSet(index, null, new byte[CHUNK]);
            return chunks.get(index);
        }

        long expected() {
            return dense ? to - from : marked;
        }

        PartitionResult check(long end, long committed) {
            long handled = 0;
            long missing = 0;
            long notThere = 0;
            long firstMissing = -1;
            long last = -1;
            for (long offset = from; offset < end; offset++) {
                byte[] chunk = chunks.get((int) (offset - from >> CHUNK_BITS));
                byte state = chunk == null ? 0 : chunk[(int) (offset - from) & CHUNK - 1];
                boolean there = dense || (state & THERE) != 0;
                boolean wasHandled = (state & HANDLED) != 0;
                last = there ? offset : last;
                handled += wasHandled ? 1 : 0;
                if (there && !wasHandled) {
                    missing++;
                    firstMissing = firstMissing < 0 ? offset : firstMissing;
                } else if (!there && wasHandled) {
                    notThere++;
                }
            }
            return new PartitionResult(number, from, end, dense ? end - from : marked, first.sum() + again.sum(), missing,
                    firstMissing, first.sum() + again.sum() - handled, notThere, last, committed);
        }
    }
}
