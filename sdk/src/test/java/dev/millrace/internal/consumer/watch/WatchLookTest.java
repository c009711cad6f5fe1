package dev.millrace.internal.consumer.watch;

import static dev.millrace.internal.consumer.watch.InlineFloor.ORDERS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.PartitionStatus;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What a look tells of records and polls, how often there is one, and what happens when it fails. */
class WatchLookTest extends WatchTest {

    // ---------------------------------------------------------------- where records are

    @Test
    void shouldTellRunningQueuedAndParked() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.admit(partition, 0, "a");
        floor.admit(partition, 1, "a");
        floor.admit(partition, 2, "b");
        inHandler = () -> {
            assertCounts(ordersLater(100), 3, 1, 2, 0);
            throw new IllegalStateException("later");
        };
        WorkRecord failed = floor.work().get(0);
        partition.parked(1);
        // The second of key a waits behind the first.
        assertCounts(ordersLater(100), 3, 0, 1, 2);
        inHandler = () -> { };
        floor.workAndSettle();
        assertCounts(ordersLater(100), 2, 0, 0, 2);
        floor.again(failed);
        assertEquals(1, ordersLater(100).queued());
        floor.workAndSettle();
        assertCounts(ordersLater(100), 0, 0, 0, 0);
        assertEquals(0, look().inFlight());
    }

    private static void assertCounts(PartitionStatus status, int inFlight, int running, int queued, int parked) {
        assertEquals(List.of(inFlight, running, queued, parked),
                List.of(status.inFlight(), status.running(), status.queued(), status.parked()));
    }

    @Test
    void shouldTellTheAgeOfTheOldestSinceItWasAdmittedAlsoBetweenLooks() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        assertEquals(Duration.ZERO, orders().oldestAge());
        floor.time.sleep(5_000);
        floor.admit(partition, 7, "a");
        floor.time.sleep(2_000);
        floor.admit(partition, 8, "b");
        PartitionStatus status = orders();
        assertEquals(of(7), status.oldestOffset());
        assertEquals(Duration.ofSeconds(2), status.oldestAge());
        floor.time.sleep(1_000);
        assertEquals(Duration.ofSeconds(3), status().partitions().get(ORDERS).oldestAge());
        floor.workAndSettle();
        assertEquals(Duration.ofSeconds(1), orders().oldestAge());
        floor.workAndSettle();
        assertEquals(OptionalLong.empty(), ordersLater(100).oldestOffset());
    }

    @Test
    void shouldTellAnAgeThatCrossesTheEndOfItsBits() {
        long wrapsMs = (floor.time.milliseconds() | 0xffff_ffffL) + 1;
        floor.time.setCurrentTimeMs(wrapsMs - 300);
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.admit(partition, 0, "a");
        assertEquals(Duration.ofMillis(700), ordersLater(700).oldestAge());
        assertEquals(Duration.ofDays(20).plusMillis(700), ordersLater(Duration.ofDays(20).toMillis()).oldestAge());
    }

    @Test
    void shouldTellPausedAndFull() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.paused.add(ORDERS);
        assertTrue(orders().paused());
        assertFalse(orders().full());
        floor.paused.clear();
        partition.full(true);
        assertFalse(ordersLater(100).paused());
        assertTrue(orders().full());
    }

    // ---------------------------------------------------------------- counts and times

    @Test
    void shouldCountWhatCameOutOfAttempts() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.admit(partition, 0, "a");
        inHandler = () -> floor.time.sleep(3);
        floor.work().forEach(watch::completed);
        floor.admit(partition, 1, "b");
        inHandler = () -> {
            floor.time.sleep(9);
            throw new IllegalStateException();
        };
        floor.work().forEach(watch::completed);
        look();
        assertEquals(3, watch.snapshot().latency().p50Ms(), 0.03);
        assertEquals(9, watch.snapshot().latency().maxMs(), 0.09);
        floor.admit(partition, 2, "c");
        floor.time.sleep(1_000_001);
        floor.work().forEach(watch::completed);
        look();
        assertEquals(new Snapshot.Attempted(1, 1, 1), watch.snapshot().attempted());
        assertEquals(LatencyWindow.Latency.NONE, watch.snapshot().latency());
    }

    @Test
    void shouldTellTheShareOfTimeSpentInPolls() {
        look();
        for (int i = 0; i < 100; i++) {
            watch.pollBegins();
            floor.time.sleep(30);
            watch.pollEnded(false);
            floor.time.sleep(70);
            look();
        }
        assertEquals(0.3, watch.snapshot().pollIdleRatio(), 1e-6);
    }

    @Test
    void shouldNotTakePollsThatNeverWaitForIdleness() {
        look();
        for (int i = 0; i < 1_000; i++) {
            watch.pollBegins();
            floor.time.sleep(1);
            watch.pollEnded(true);
            look();
        }
        assertEquals(0, watch.snapshot().pollIdleRatio(), 1e-6);
    }

    // ---------------------------------------------------------------- looking itself

    @Test
    void shouldLookTenTimesASecondAndWheneverPartitionsChange() {
        floor.assign(ORDERS, 0);
        look();
        lookLater(1_000);
        int asked = floor.lagsAsked;
        for (int i = 0; i < 100; i++)
            lookLater(10);
        assertEquals(10, floor.lagsAsked - asked);
        floor.assign(OTHERS, 0);
        watch.lookNow(floor);
        assertEquals(Set.of(ORDERS, OTHERS), status().assignment());
        assertEquals(10, floor.lagsAsked - asked);
        floor.unassign(ORDERS);
        watch.lookNow(floor);
        assertEquals(Set.of(OTHERS), status().assignment());
    }

    @Test
    void shouldTakeNoMoreThanAHundredthOfTheTime() {
        Watch.Subject slow = new SlowSubject(floor, 50);
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        for (int i = 0; i < 100; i++) {
            watch.look(slow, floor.time.milliseconds());
            floor.time.sleep(100);
        }
        assertEquals(2, floor.lagsAsked);
    }

    @Test
    void shouldTellTheRestWhenALagCannotBeLearned() {
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        watch.look(new SlowSubject(floor, -1), floor.time.milliseconds());
        assertEquals(OptionalLong.empty(), status().doneLag());
        assertEquals(1, status().inFlight());
        floor.lags.put(ORDERS, 5L);
        assertEquals(of(6), lookLater(100).doneLag());
    }

    @Test
    void shouldGoOnWhenLookingFails() {
        floor.assign(ORDERS, 0);
        look();
        floor.assign(OTHERS, 0);
        floor.time.sleep(100);
        floor.totals = null;
        watch.look(floor, floor.time.milliseconds());
        assertEquals(Set.of(ORDERS), status().assignment());
        floor.totals = new Watch.Totals(0, 0, 0, 0, 0);
        assertEquals(Set.of(ORDERS, OTHERS), lookLater(100).assignment());
    }

    /** Takes its time to tell the lag; throws when that is less than none. */
    private record SlowSubject(InlineFloor floor, long ms) implements Watch.Subject {
        @Override
        public Collection<AssignedPartition> partitions() {
            return floor.partitions();
        }

        @Override
        public boolean isPausedByUser(AssignedPartition partition) {
            return false;
        }

        @Override
        public OptionalLong committed(TopicPartition partition) {
            return OptionalLong.empty();
        }

        @Override
        public OptionalLong lag(TopicPartition partition) {
            if (ms < 0)
                throw new KafkaException("no lag");
            floor.time.sleep(ms);
            return floor.lag(partition);
        }

        @Override
        public void askEnds(Collection<TopicPartition> partitions) {
        }

        @Override
        public Watch.Totals totals() {
            return floor.totals();
        }
    }
}
