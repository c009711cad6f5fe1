package dev.millrace.internal.consumer.offsets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OffsetTrackerTest {

    private static final int ALL = Integer.MAX_VALUE;

    private static final class InFlight extends PendingOffset {
        InFlight(long offset) {
            super(offset);
        }
    }

    private OffsetTracker<InFlight> tracker = new OffsetTracker<>(10, DoneOffsets.EMPTY);

    private InFlight admit(long offset) {
        InFlight record = new InFlight(offset);
        tracker.admit(record);
        return record;
    }

    private void assertState(long committable, long position, int pending) {
        assertEquals(List.of(committable, position, (long) pending),
                List.of(tracker.committable(), tracker.position(), (long) tracker.pending()), tracker::toString);
    }

    @Test
    void shouldCommitThePositionWhenNothingIsPending() {
        assertState(10, 10, 0);
        assertNull(tracker.oldest());
        assertEquals(DoneOffsets.EMPTY, tracker.doneBeyondCommittable(ALL));
    }

    @Test
    void shouldCommitNothingBeyondTheOldestPending() {
        InFlight first = admit(10);
        InFlight second = admit(11);
        InFlight third = admit(12);
        assertState(10, 13, 3);
        tracker.done(second);
        assertState(10, 13, 2);
        assertEquals(DoneOffsets.of(11, 12), tracker.doneBeyondCommittable(ALL));
        tracker.done(first);
        assertState(12, 13, 1);
        assertEquals(DoneOffsets.EMPTY, tracker.doneBeyondCommittable(ALL));
        tracker.done(third);
        assertState(13, 13, 0);
    }

    @Test
    void shouldCountHolesAsDone() {
        InFlight first = admit(13);
        assertState(13, 14, 1);
        InFlight second = admit(20);
        tracker.advance(25);
        assertState(13, 25, 2);
        assertEquals(DoneOffsets.of(14, 20, 21, 25), tracker.doneBeyondCommittable(ALL));
        tracker.done(first);
        assertState(20, 25, 1);
        tracker.done(second);
        assertState(25, 25, 0);
    }

    @Test
    void shouldNotGoBack() {
        admit(13);
        tracker.advance(14);
        assertState(13, 14, 1);
        tracker.advance(12);
        assertState(13, 14, 1);
    }

    @Test
    void shouldWalkInOrder() {
        InFlight first = admit(10);
        InFlight second = admit(15);
        InFlight third = admit(16);
        assertSame(first, tracker.oldest());
        assertSame(second, tracker.next(first));
        assertSame(third, tracker.next(second));
        assertNull(tracker.next(third));
        tracker.done(third);
        assertNull(tracker.next(second));
        assertNull(tracker.next(third));
        tracker.done(first);
        assertSame(second, tracker.oldest());
        assertNull(tracker.next(first), "what is done holds on to nothing");
    }

    @Test
    void shouldRejectWhatWasPassed() {
        assertEquals("Offset 9 cannot be admitted: the position is 10 already",
                assertThrows(IllegalArgumentException.class, () -> admit(9)).getMessage());
        admit(12);
        assertThrows(IllegalArgumentException.class, () -> admit(12));
        assertThrows(IllegalArgumentException.class, () -> new OffsetTracker<InFlight>(-1, DoneOffsets.EMPTY));
        assertState(12, 13, 1);
    }

    @Test
    void shouldRejectARecordThatIsInFlightElsewhere() {
        InFlight first = admit(50);
        InFlight middle = admit(51);
        InFlight last = admit(52);
        OffsetTracker<InFlight> other = new OffsetTracker<>(0, DoneOffsets.EMPTY);
        for (InFlight record : List.of(first, middle, last)) {
            assertThrows(IllegalStateException.class, () -> other.admit(record));
        }
        assertEquals(0, other.pending());
        assertThrows(IllegalStateException.class, () -> other.done(first));
        assertThrows(IllegalStateException.class, () -> other.done(last));
        assertState(50, 53, 3);
    }

    @Test
    void shouldRejectWhatIsDoneAlready() {
        InFlight only = admit(10);
        tracker.done(only);
        assertEquals("The record at offset 10 is not in flight here: it was done before, or never admitted",
                assertThrows(IllegalStateException.class, () -> tracker.done(only)).getMessage());
        admit(11);
        InFlight middle = admit(12);
        admit(13);
        tracker.done(middle);
        assertThrows(IllegalStateException.class, () -> tracker.done(middle));
        assertThrows(IllegalStateException.class, () -> tracker.done(only));
        assertThrows(IllegalStateException.class, () -> tracker.done(new InFlight(14)));
        assertState(11, 14, 2);
    }

    @Test
    void shouldKnowWhatWasDoneBefore() {
        tracker = new OffsetTracker<>(10, DoneOffsets.of(12, 14, 20, 21));
        boolean[] done = new boolean[25];
        for (int offset = 10; offset < done.length; offset++) {
            done[offset] = tracker.isDone(offset);
            assertEquals(offset == 12 || offset == 13 || offset == 20, done[offset], "offset " + offset);
        }
        assertFalse(tracker.isDone(12), "asked out of order, it forgets rather than skips");
    }

    @Test
    void shouldKnowWhatWasDoneBeforeWithoutAskingForEach() {
        tracker = new OffsetTracker<>(10, DoneOffsets.of(12, 14, 16, 17, 20, 21));
        assertTrue(tracker.isDone(20));
        assertFalse(tracker.isDone(21));
        assertFalse(tracker.isDone(Long.MAX_VALUE));
    }

    @Test
    void shouldCarryOnWhatLiesBeyondThePosition() {
        tracker = new OffsetTracker<>(10, DoneOffsets.of(8, 9, 12, 15, 20, 25));
        assertEquals(DoneOffsets.of(12, 15, 20, 25), tracker.doneBeyondCommittable(ALL));
        assertTrue(tracker.isDone(20), "asking changes nothing");
        assertEquals(DoneOffsets.of(12, 15, 20, 25), tracker.doneBeyondCommittable(ALL));
        InFlight stuck = admit(10);
        assertEquals(DoneOffsets.of(12, 15, 20, 25), tracker.doneBeyondCommittable(ALL));
        tracker.advance(13);
        assertEquals(DoneOffsets.of(11, 15, 20, 25), tracker.doneBeyondCommittable(ALL), "joined at the position");
        admit(15);
        tracker.advance(20);
        assertEquals(DoneOffsets.of(11, 15, 16, 25), tracker.doneBeyondCommittable(ALL));
        tracker.advance(25);
        assertEquals(DoneOffsets.of(11, 15, 16, 25), tracker.doneBeyondCommittable(ALL));
        tracker.done(stuck);
        assertState(15, 25, 1);
    }

    @Test
    void shouldForgetWhatLiesBelowThePosition() {
        tracker = new OffsetTracker<>(10, DoneOffsets.of(2, 4, 5, 10));
        assertFalse(tracker.isDone(3), "the position is behind it");
        assertEquals(DoneOffsets.EMPTY, tracker.doneBeyondCommittable(ALL));
        tracker = new OffsetTracker<>(10, DoneOffsets.of(10, 12));
        assertState(10, 10, 0);
        assertEquals(DoneOffsets.of(10, 12), tracker.doneBeyondCommittable(ALL));
    }

    @Test
    void shouldStopAtTheLimitOfRanges() {
        tracker = new OffsetTracker<>(10, DoneOffsets.of(17, 18, 30, 31));
        admit(10);
        admit(12);
        admit(14);
        DoneOffsets[] upTo = {DoneOffsets.EMPTY, DoneOffsets.of(11, 12), DoneOffsets.of(11, 12, 13, 14),
                DoneOffsets.of(11, 12, 13, 14, 15, 16), DoneOffsets.of(11, 12, 13, 14, 15, 16, 17, 18),
                DoneOffsets.of(11, 12, 13, 14, 15, 16, 17, 18, 30, 31)};
        tracker.advance(16);
        for (int limit = 0; limit < upTo.length; limit++) {
            assertEquals(upTo[limit], tracker.doneBeyondCommittable(limit));
        }
        tracker.advance(17);
        assertEquals(DoneOffsets.of(11, 12, 13, 14, 15, 18), tracker.doneBeyondCommittable(3), "the last one is joined");
    }

    @Test
    void shouldTellItsState() {
        admit(12);
        assertEquals("OffsetTracker(committable=12, position=13, pending=1, resumed=none)", tracker.toString());
    }

    /** The goal is less than 1 MiB. */
    @Test
    void shouldCostNoMemoryForWhatIsDoneBehindAStuckRecord() {
        admit(10);
        List<InFlight> window = new ArrayList<>();
        for (int i = 0; i < 1_000_000; i++) {
            window.add(admit(11 + i));
            if (window.size() == 1000) {
                Collections.reverse(window);
                window.forEach(tracker::done);
                window.clear();
            }
        }
        assertState(10, 1_000_011, 1);
        // The tracker, the stuck record, and the empty ranges with their two arrays.
        Set<Object> reachable = reachable(tracker);
        assertTrue(reachable.size() <= 5, reachable::toString);
        assertEquals(DoneOffsets.of(11, 1_000_011), tracker.doneBeyondCommittable(ALL));
    }

    /** The most that a commit's metadata can bring along. */
    @Test
    void shouldCostLittleForWhatWasDoneBefore() {
        DoneOffsets.Builder most = DoneOffsets.builder(OffsetMapCodec.maxRanges(OffsetMapCodec.DEFAULT_MAX_BYTES));
        for (long offset = 12; most.add(offset, offset + 1); offset += 2) {
            // Adding is the condition.
        }
        tracker = new OffsetTracker<>(10, most.build());
        long bytes = bytesOfArrays(reachable(tracker));
        System.out.println("resumed ranges: " + most.build().rangeCount() + ", bytes: " + bytes);
        assertTrue(bytes < 256 * 1024, "bytes " + bytes);
        tracker.advance(100_000);
        assertEquals(0, bytesOfArrays(reachable(tracker)), "kept although the position is behind it");
    }

    private static long bytesOfArrays(Set<Object> objects) {
        return objects.stream().filter(long[].class::isInstance).mapToLong(array -> ((long[]) array).length * 8L).sum();
    }

    /** Everything that is kept alive by an object of this package. */
    private static Set<Object> reachable(Object root) {
        Set<Object> found = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> left = new ArrayDeque<>(List.of(root));
        while (!left.isEmpty()) {
            Object next = left.pop();
            if (found.add(next) && !next.getClass().isArray()) {
                for (Class<?> type = next.getClass(); type != Object.class; type = type.getSuperclass()) {
                    for (Field field : type.getDeclaredFields()) {
                        addReference(left, next, field);
                    }
                }
            }
        }
        return found;
    }

    private static void addReference(Deque<Object> left, Object owner, Field field) {
        if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
            return;
        }
        try {
            field.setAccessible(true);
            Object value = field.get(owner);
            if (value != null) {
                left.push(value);
            }
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}
