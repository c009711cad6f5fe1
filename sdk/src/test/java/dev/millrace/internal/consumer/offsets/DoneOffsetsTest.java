package dev.millrace.internal.consumer.offsets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DoneOffsetsTest {

    @ParameterizedTest
    @CsvSource({"0,false", "4,false", "5,true", "6,true", "7,false", "8,false", "9,true", "10,false", "-1,false"})
    void shouldContainWhatIsInARange(long offset, boolean contained) {
        assertEquals(contained, DoneOffsets.of(5, 7, 9, 10).contains(offset));
    }

    @ParameterizedTest
    @CsvSource({"4,-1", "5,0", "7,0", "8,0", "9,1", "100,1"})
    void shouldFindTheLastRangeStartingAtOrBelow(long offset, int range) {
        assertEquals(range, DoneOffsets.of(5, 7, 9, 10).lastStartingAtOrBelow(offset));
    }

    @Test
    void shouldBeEmptyWithoutOffsets() {
        assertSame(DoneOffsets.EMPTY, DoneOffsets.of());
        assertSame(DoneOffsets.EMPTY, DoneOffsets.of(3, 3));
        assertTrue(DoneOffsets.EMPTY.isEmpty());
        assertFalse(DoneOffsets.of(3, 4).isEmpty());
        assertFalse(DoneOffsets.EMPTY.contains(0));
    }

    @Test
    void shouldJoinWhatContinues() {
        assertEquals(DoneOffsets.of(3, 9), DoneOffsets.of(3, 5, 5, 9));
        assertEquals(1, DoneOffsets.of(3, 5, 5, 9).rangeCount());
        assertEquals(DoneOffsets.of(0, 1), DoneOffsets.of(0, 1), "a first range at 0 continues none");
    }

    @Test
    void shouldRefuseRangesAboveTheLimitButMakeTheLastOneLonger() {
        DoneOffsets.Builder builder = DoneOffsets.builder(2);
        assertTrue(builder.add(1, 2));
        assertTrue(builder.add(3, 4));
        assertTrue(builder.add(4, 5));
        assertTrue(builder.add(6, 6));
        assertFalse(builder.add(6, 7));
        assertEquals(DoneOffsets.of(1, 2, 3, 5), builder.build());
        assertFalse(DoneOffsets.builder(0).add(1, 2));
    }

    @Test
    void shouldBeLeftAloneByWhatIsAddedLater() {
        DoneOffsets.Builder builder = DoneOffsets.builder(100);
        builder.add(1, 2);
        DoneOffsets before = builder.build();
        builder.add(2, 3);
        for (int i = 2; i < 50; i++) {
            builder.add(2 * i, 2 * i + 1);
        }
        assertEquals(DoneOffsets.of(1, 2), before);
        assertEquals(49, builder.build().rangeCount());
        assertEquals(98, builder.build().start(48));
        assertEquals(99, builder.build().end(48));
    }

    @Test
    void shouldRejectWhatDoesNotAscend() {
        assertEquals("The range [4,8) does not follow on 5",
                assertThrows(IllegalArgumentException.class, () -> DoneOffsets.of(3, 5, 4, 8)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> DoneOffsets.of(5, 4));
        assertThrows(IllegalArgumentException.class, () -> DoneOffsets.of(-1, 4));
        assertThrows(IllegalArgumentException.class, () -> DoneOffsets.of(1, 2, 3));
        assertThrows(IllegalArgumentException.class, () -> DoneOffsets.builder(-1));
    }

    @Test
    void shouldEqualByItsRanges() {
        DoneOffsets done = DoneOffsets.of(3, 5, 8, 9);
        assertEquals(DoneOffsets.of(3, 5, 8, 9), done);
        assertEquals(DoneOffsets.of(3, 5, 8, 9).hashCode(), done.hashCode());
        assertNotEquals(DoneOffsets.of(3, 5, 8, 10), done);
        assertNotEquals(DoneOffsets.of(3, 5, 7, 9), done);
        assertNotEquals(DoneOffsets.EMPTY, done);
        assertFalse(done.equals(null));
    }

    @Test
    void shouldShowTheFirstRanges() {
        assertEquals("none", DoneOffsets.EMPTY.toString());
        assertEquals("[3,5) [8,9)", DoneOffsets.of(3, 5, 8, 9).toString());
        DoneOffsets.Builder many = DoneOffsets.builder(100);
        for (int i = 0; i < 20; i++) {
            many.add(2 * i, 2 * i + 1);
        }
        assertTrue(many.build().toString().endsWith(" [30,31) and 4 more"), many.build()::toString);
    }
}
