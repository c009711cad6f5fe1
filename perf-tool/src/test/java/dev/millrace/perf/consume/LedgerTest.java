package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.broker.EndOffsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LedgerTest {
    private static EndOffsets offsets(long... ofPartitions) {
        Map<Integer, Long> offsets = new HashMap<>();
        for (int i = 0; i < ofPartitions.length; i++) {
            offsets.put(i, ofPartitions[i]);
        }
        return new EndOffsets(offsets);
    }

    @Test
    void shouldFindNothingWrongWhenEachRecordIsHandledOnce() {
        Ledger ledger = new Ledger(offsets(10, 0), offsets(70_010, 5), true);
        assertEquals(70_005, ledger.expected());
        for (long offset = 70_009; offset >= 10; offset--) {
            ledger.handled(0, offset);
        }
        for (long offset = 0; offset < 5; offset++) {
            ledger.handled(1, offset);
        }
        assertEquals(70_005, ledger.handledCount());
        List<PartitionResult> results = ledger.check(offsets(70_010, 5));
        assertEquals(new PartitionResult(0, 10, 70_010, 70_000, 70_000, 0, -1, 0, 0, 70_009, 70_010), results.get(0));
        assertEquals(new PartitionResult(1, 0, 5, 5, 5, 0, -1, 0, 0, 4, 5), results.get(1));
        assertFalse(results.get(0).committedWrongly());
    }

    /** As many handlings as records: only the offsets tell that one was left out and another one handled twice. */
    @Test
    void shouldFindWhatWasMissedAndWhatWasHandledAgain() {
        Ledger ledger = new Ledger(offsets(0), offsets(4), true);
        for (long offset : new long[] {0, 1, 1, 3}) {
            ledger.handled(0, offset);
        }
        assertEquals(3, ledger.handledCount());
        PartitionResult result = ledger.check(offsets(4)).get(0);
        assertEquals(4, result.handled());
        assertEquals(1, result.missing());
        assertEquals(2, result.firstMissing());
        assertEquals(1, result.duplicates());
    }

    @Test
    void shouldLeaveOutWhatIsNoRecordOfTheRun() {
        Ledger ledger = new Ledger(offsets(5), offsets(7), true);
        ledger.handled(0, 4);
        ledger.handled(0, 7);
        ledger.handled(3, 5);
        assertEquals(0, ledger.handledCount());
    }

    @Test
    void shouldExpectOnlyWhatWasMarkedWhereThereAreHoles() {
        Ledger ledger = new Ledger(offsets(0), offsets(10), false);
        ledger.mark(0, 2);
        ledger.mark(0, 7);
        assertEquals(2, ledger.expected());
        ledger.handled(0, 2);
        ledger.handled(0, 3);
        PartitionResult result = ledger.check(offsets(8)).get(0);
        assertEquals(1, result.missing());
        assertEquals(7, result.firstMissing());
        assertEquals(1, result.notThere());
        assertEquals(7, result.last());
        assertFalse(result.committedWrongly(), "behind the last record, though before the end");
    }

    @Test
    void shouldTellACommitThatIsShortOrBeyondTheEndOrMissing() {
        Ledger ledger = new Ledger(offsets(0, 3), offsets(10, 3), true);
        assertTrue(ledger.check(offsets(9)).get(0).committedWrongly());
        assertTrue(ledger.check(offsets(11)).get(0).committedWrongly());
        assertFalse(ledger.check(offsets(10)).get(0).committedWrongly());
        List<PartitionResult> none = ledger.check(offsets());
        assertTrue(none.get(0).committedWrongly());
        assertFalse(none.get(1).committedWrongly(), "an empty partition has nothing to commit");
    }

    @Test
    void shouldCountWhatManyThreadsHandle() throws InterruptedException {
        Ledger ledger = new Ledger(offsets(0), offsets(200_000), true);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int first = i;
            threads.add(new Thread(() -> {
                for (long offset = first; offset < 200_000; offset += 4) {
                    ledger.handled(0, offset);
                }
                // All of them this one, perhaps at the same time.
                ledger.handled(0, 100_000);
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        PartitionResult result = ledger.check(offsets(200_000)).get(0);
        assertEquals(200_004, result.handled());
        assertEquals(0, result.missing());
        assertEquals(4, result.duplicates());
    }
}
