package dev.millrace.internal.consumer.offsets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The tracker against sets of offsets: random logs with holes, records done in any order, commits, and consumers that die and
 * go on from what was committed.
 */
@Timeout(120)
class OffsetTrackerModelTest {

    private static final int SEEDS = 100;
    private static final int OPERATIONS = 2_500;
    private static final Uuid TOPIC = new Uuid(0x1234, 0x5678);

    private static final class InFlight extends PendingOffset {
        InFlight(long offset) {
            super(offset);
        }
    }

    /**
     * What is in the offsets topic.
     *
     * @param known what the consumer that wrote it knew to be done
     * @param complete whether all of that is told
     */
    private record Commit(long offset, String metadata, TreeSet<Long> known, boolean complete) {
    }

    /** A partition, and the consumers it has one after the other. */
    private static final class Run {
        final Random random;
        /** Offsets that hold a record; the others below the end are holes. */
        final TreeSet<Long> log = new TreeSet<>();
        long end;
        final TreeSet<Long> handled = new TreeSet<>();
        Commit commit = new Commit(0, "", new TreeSet<>(), false);
        int restarts;
        int resumedRecords;
        int narrowed;

        OffsetTracker<InFlight> tracker = new OffsetTracker<>(0, DoneOffsets.EMPTY);
        final TreeMap<Long, InFlight> pending = new TreeMap<>();
        /** Records this consumer is done with. */
        final List<InFlight> finished = new ArrayList<>();
        TreeSet<Long> resumed = new TreeSet<>();
        long position;
        /** What must not be handled again by this consumer. */
        TreeSet<Long> notAgain = new TreeSet<>();

        Run(long seed) {
            random = new Random(seed);
        }

        void step() {
            int choice = random.nextInt(1000);
            if (choice < 480) {
                deliver();
            } else if (choice < 880) {
                finish();
            } else if (choice < 930) {
                advance();
            } else if (choice < 985) {
                commit();
            } else if (choice < 993) {
                misuse();
            } else {
                restart();
            }
        }

        private void deliver() {
            while (log.ceiling(position) == null) {
                end += random.nextInt(4) == 0 ? random.nextInt(40) : 0;
                log.add(end++);
            }
            long offset = log.ceiling(position);
            assertEquals(resumed.contains(offset), tracker.isDone(offset));
            if (tracker.isDone(offset)) {
                assertTrue(handled.contains(offset), "skipped what was never handled: " + offset);
                resumedRecords++;
                tracker.advance(offset + 1);
            } else {
                assertFalse(notAgain.contains(offset), "handled again although it was remembered: " + offset);
                InFlight record = new InFlight(offset);
                tracker.admit(record);
                pending.put(offset, record);
            }
            position = offset + 1;
        }

        /** Mostly one of the oldest, so that the window moves; at times a newer one. */
        private void finish() {
            if (pending.isEmpty()) {
                return;
            }
            int reach = random.nextInt(3) == 0 ? pending.size() : Math.min(pending.size(), 5);
            long offset = pending.keySet().stream().skip(random.nextInt(reach)).findFirst().orElseThrow();
            InFlight record = pending.remove(offset);
            tracker.done(record);
            handled.add(offset);
            finished.add(record);
        }

        /** As poll does over holes that no record follows yet; at times to where it is already. */
        private void advance() {
            Long next = log.ceiling(position);
            long to = next == null ? end + random.nextInt(10) : next - random.nextInt((int) (next - position + 1));
            tracker.advance(to);
            tracker.advance(to - random.nextInt(5));
            position = Math.max(position, to);
            end = Math.max(end, to);
        }

        private void commit() {
            int maxBytes = random.nextInt(3) == 0 ? 40 + random.nextInt(60) : OffsetMapCodec.DEFAULT_MAX_BYTES;
            DoneOffsets done = tracker.doneBeyondCommittable(OffsetMapCodec.maxRanges(maxBytes));
            long offset = tracker.committable();
            String metadata = OffsetMapCodec.encode(done, TOPIC, offset, maxBytes);
            assertTrue(handled.containsAll(log.headSet(offset)), "committed what is not done: " + offset);
            DoneOffsets remembered = OffsetMapCodec.decode(metadata, TOPIC, offset).done();
            for (int range = 0; range < remembered.rangeCount(); range++) {
                assertTrue(handled.containsAll(log.subSet(remembered.start(range), remembered.end(range))),
                        "remembered what is not done: " + remembered);
            }
            boolean complete = remembered.equals(tracker.doneBeyondCommittable(Integer.MAX_VALUE));
            if (maxBytes == OffsetMapCodec.DEFAULT_MAX_BYTES) {
                assertTrue(complete, "narrowed although there is room");
            }
            narrowed += complete ? 0 : 1;
            TreeSet<Long> known = new TreeSet<>(log.headSet(position));
            known.removeAll(pending.keySet());
            known.addAll(resumed);
            commit = new Commit(offset, metadata, known, complete);
        }

        private void misuse() {
            InFlight passed = new InFlight(random.nextInt((int) position + 1) - 1);
            assertThrows(IllegalArgumentException.class, () -> tracker.admit(passed));
            if (!finished.isEmpty()) {
                InFlight twice = finished.get(random.nextInt(finished.size()));
                assertThrows(IllegalStateException.class, () -> tracker.done(twice));
            }
        }

        /** The consumer dies; the next one has what was committed, at times damaged on the way. */
        private void restart() {
            boolean damaged = !commit.metadata().isEmpty() && random.nextInt(4) == 0;
            String metadata = damaged ? flip(commit.metadata()) : commit.metadata();
            OffsetMapCodec.Decoded decoded = OffsetMapCodec.decode(metadata, TOPIC, commit.offset());
            if (damaged) {
                assertEquals(DoneOffsets.EMPTY, decoded.done());
            }
            tracker = new OffsetTracker<>(commit.offset(), decoded.done());
            pending.clear();
            finished.clear();
            position = commit.offset();
            resumed = offsets(decoded.done());
            notAgain = commit.complete() && !damaged ? commit.known() : new TreeSet<>();
            restarts++;
        }

        private String flip(String metadata) {
            char[] chars = metadata.toCharArray();
            chars[random.nextInt(chars.length)] ^= (char) (1 << random.nextInt(7));
            return new String(chars);
        }

        void compare() {
            long committable = pending.isEmpty() ? position : pending.firstKey();
            assertEquals(committable, tracker.committable());
            assertEquals(position, tracker.position());
            assertEquals(pending.size(), tracker.pending());
            TreeSet<Long> done = new TreeSet<>(resumed.tailSet(position));
            for (long offset = committable; offset < position; offset++) {
                if (!pending.containsKey(offset)) {
                    done.add(offset);
                }
            }
            DoneOffsets all = tracker.doneBeyondCommittable(Integer.MAX_VALUE);
            assertEquals(done, offsets(all));
            int limit = random.nextInt(all.rangeCount() + 2);
            DoneOffsets limited = tracker.doneBeyondCommittable(limit);
            assertEquals(Math.min(limit, all.rangeCount()), limited.rangeCount());
            for (int range = 0; range < limited.rangeCount(); range++) {
                assertEquals(all.start(range), limited.start(range));
                assertEquals(all.end(range), limited.end(range));
            }
            InFlight walked = tracker.oldest();
            for (InFlight record : pending.values()) {
                assertSame(record, walked);
                walked = tracker.next(walked);
            }
            assertNull(walked);
        }
    }

    private static TreeSet<Long> offsets(DoneOffsets done) {
        TreeSet<Long> offsets = new TreeSet<>();
        for (int range = 0; range < done.rangeCount(); range++) {
            for (long offset = done.start(range); offset < done.end(range); offset++) {
                offsets.add(offset);
            }
        }
        return offsets;
    }

    /**
     * Found, when planted: {@code done()} that leaves the backward link of the next record, {@code advance()} that goes back,
     * {@code doneBeyondCommittable()} that leaves out what was resumed or tells a pending record, {@code isDone()} that takes the
     * end of a range, or what lies between two, for a part of it, resumed ranges forgotten when the position reaches the first,
     * {@code committable()} that is the position, {@code admit()} that leaves the position at the record.
     */
    @Test
    void shouldDoAsSetsDo() {
        System.out.println("seeds 0 to " + (SEEDS - 1) + ", " + OPERATIONS + " operations each");
        int restarts = 0;
        int resumed = 0;
        int narrowed = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Run run = new Run(seed);
            for (int operation = 0; operation < OPERATIONS; operation++) {
                try {
                    run.step();
                    if (operation % 8 == 0) {
                        run.compare();
                    }
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError("seed " + seed + ", operation " + operation + ": " + e.getMessage(), e);
                }
            }
            restarts += run.restarts;
            resumed += run.resumedRecords;
            narrowed += run.narrowed;
        }
        System.out.println("restarts " + restarts + ", records not handled again " + resumed + ", narrowed commits " + narrowed);
        assertTrue(restarts > 500 && resumed > 1000 && narrowed > 100, "the run does not reach what it is for");
    }
}
