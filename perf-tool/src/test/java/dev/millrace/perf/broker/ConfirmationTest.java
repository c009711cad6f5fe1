package dev.millrace.perf.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConfirmationTest {
    private static final Topic OWN = new Topic("own", 2, 1, true);
    private static final Topic SHARED = new Topic("shared", 2, 1, false);

    @Test
    void shouldSumTheGrowthOfEachPartition() {
        EndOffsets before = new EndOffsets(Map.of(0, 10L, 1, 5L));
        assertEquals(30, new EndOffsets(Map.of(0, 30L, 1, 15L)).minus(before));
        assertEquals(33, new EndOffsets(Map.of(0, 30L, 1, 15L, 2, 3L)).minus(before));
        assertEquals(0, before.minus(before));
    }

    @Test
    void shouldBeContentWhenTheLogHoldsWhatWasAcknowledged() {
        assertEquals(Optional.empty(), Confirmation.counted(100, 100).contradiction(0, OWN));
        assertEquals(Optional.empty(), Confirmation.none(100, "the sink stores nothing").contradiction(0, OWN));
    }

    @Test
    void shouldSayHowManyAreMissing() {
        String error = Confirmation.counted(99_000, 100_000).contradiction(5, OWN).orElseThrow();
        assertTrue(error.contains("100,000 records were acknowledged") && error.contains("grew by 99,000")
                && error.contains("1,000 acknowledged records are missing"), error);
    }

    @Test
    void shouldSayHowManyAreTooMany() {
        String error = Confirmation.counted(101, 100).contradiction(0, OWN).orElseThrow();
        assertTrue(error.contains("1 records are there that nobody acknowledged (duplicates)"), error);
        assertTrue(Confirmation.counted(101, 100).contradiction(0, SHARED).orElseThrow().contains("others write"), error);
    }

    @Test
    void shouldAllowForNothingInTransactions() {
        assertEquals(Optional.empty(), Confirmation.read(100, 100).contradiction(3, OWN));
        String tooMany = Confirmation.read(101, 100).contradiction(3, OWN).orElseThrow();
        assertTrue(tooMany.contains("100 records were committed but a read_committed consumer finds in own 101")
                && tooMany.contains("1 records are there that nobody committed"), tooMany);
        String missing = Confirmation.read(99, 100).contradiction(3, OWN).orElseThrow();
        assertTrue(missing.contains("1 committed records are missing"), missing);
    }

    @Test
    void shouldTellWhetherEveryPartitionIsThere() {
        EndOffsets ends = new EndOffsets(Map.of(0, 10L, 1, 5L));
        assertTrue(ends.reach(ends));
        assertTrue(new EndOffsets(Map.of(0, 11L, 1, 5L)).reach(ends));
        assertFalse(new EndOffsets(Map.of(0, 20L, 1, 4L)).reach(ends));
        assertFalse(new EndOffsets(Map.of(0, 20L)).reach(ends));
    }

    /** A record whose acknowledgement got lost failed for the client and is stored. */
    @Test
    void shouldAllowForFailedRecordsThatAreStored() {
        assertEquals(Optional.empty(), Confirmation.counted(103, 100).contradiction(3, OWN));
        assertTrue(Confirmation.counted(104, 100).contradiction(3, OWN).isPresent());
    }
}
