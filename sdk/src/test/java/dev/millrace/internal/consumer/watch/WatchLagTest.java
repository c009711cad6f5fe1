package dev.millrace.internal.consumer.watch;

import static dev.millrace.internal.consumer.watch.InlineFloor.ORDERS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.consumer.PartitionStatus;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.work.AssignedPartition;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What is known of lags, and when it is asked for. */
class WatchLagTest extends WatchTest {

    @Test
    void shouldReachNoLagBehindWhatIsNotARecord() {
        AssignedPartition partition = floor.assign(ORDERS, 5);
        floor.committed.put(ORDERS, 5L);
        // Records 5 and 6, a marker at 7; all of it was polled.
        floor.admit(partition, 5, "a");
        floor.admit(partition, 6, "b");
        partition.advance(8, Optional.empty());
        floor.lags.put(ORDERS, 0L);
        PartitionStatus all = orders();
        assertEquals(of(2), all.doneLag());
        assertEquals(of(3), all.committedLag());
        floor.workAndSettle();
        floor.workAndSettle();
        PartitionStatus done = ordersLater(100);
        assertEquals(of(0), done.doneLag());
        assertEquals(of(3), done.committedLag());
        assertEquals(of(5), done.committedOffset());
        floor.committed.put(ORDERS, partition.tracker().committable());
        assertEquals(of(0), ordersLater(100).committedLag());
    }

    @Test
    void shouldCountWhatWasNotFetchedAndWhatIsNotDone() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.committed.put(ORDERS, 0L);
        for (int i = 0; i < 10; i++)
            floor.admit(partition, i, "key-" + i);
        floor.lags.put(ORDERS, 90L);
        assertEquals(of(100), orders().doneLag());
        floor.workAndSettle();
        assertEquals(of(99), ordersLater(100).doneLag());
        assertEquals(of(100), ordersLater(100).committedLag());
    }

    @Test
    void shouldCountFromWhereItBeganWhenNothingIsCommitted() {
        AssignedPartition partition = floor.assign(ORDERS, 1_000);
        floor.admit(partition, 1_000, "a");
        floor.lags.put(ORDERS, 4L);
        floor.workAndSettle();
        PartitionStatus status = orders();
        assertEquals(OptionalLong.empty(), status.committedOffset());
        assertEquals(of(5), status.committedLag());
        assertEquals(of(4), status.doneLag());
    }

    @Test
    void shouldNotKnowTheLagBeforeTheFirstFetchAndThenAskEvenIfNothingCame() {
        floor.assign(ORDERS);
        floor.lags.put(ORDERS, 0L);
        assertEquals(OptionalLong.empty(), orders().doneLag());
        assertEquals(OptionalLong.empty(), ordersLater(900).doneLag());
        assertEquals(0, floor.lagsAsked);
        assertEquals(of(0), ordersLater(100).doneLag());
        assertEquals(of(0), status().committedLag());
    }

    @Test
    void shouldNotTakeALagOfBeforeTheFirstRecordForAnEnd() {
        AssignedPartition partition = floor.assign(ORDERS);
        floor.lags.put(ORDERS, 3L);
        look();
        assertEquals(of(3), ordersLater(1_000).doneLag());
        partition.startAt(500, DoneOffsets.EMPTY);
        watch.lookNow(floor);
        assertEquals(OptionalLong.empty(), status().doneLag());
        assertEquals(of(3), ordersLater(100).doneLag());
    }

    @Test
    void shouldAskForTheEndsOfWhatIsNotFetchedOnceASecond() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.assign(OTHERS, 0);
        for (int i = 0; i < 30; i++)
            lookLater(100);
        assertEquals(List.of(), floor.endsAsked);
        floor.paused.add(OTHERS);
        for (int i = 0; i < 30; i++)
            lookLater(100);
        assertEquals(List.of(OTHERS, OTHERS, OTHERS), floor.endsAsked);
        floor.paused.clear();
        partition.full(true);
        watch.lookNow(floor);
        floor.time.sleep(1_000);
        watch.lookNow(floor);
        assertEquals(3, floor.endsAsked.size());
        look();
        assertEquals(ORDERS, floor.endsAsked.get(3));
    }

    @Test
    void shouldNotKnowASumOfWhichAPartIsNotKnown() {
        floor.assign(ORDERS, 0);
        floor.lags.put(ORDERS, 3L);
        look();
        assertEquals(of(3), lookLater(1_000).doneLag());
        floor.assign(OTHERS, 0);
        floor.lags.put(OTHERS, 4L);
        assertEquals(OptionalLong.empty(), lookLater(100).doneLag());
        assertEquals(of(7), lookLater(1_000).doneLag());
    }
}
