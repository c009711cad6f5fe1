package dev.millrace.internal.consumer.watch;

import static dev.millrace.internal.consumer.watch.InlineFloor.ORDERS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.ConsumerStatus.State;
import dev.millrace.consumer.PartitionStatus;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What is seen of a work floor, and what it is taken for; on one thread, with a clock that is moved by hand. */
class WatchTest {

    private static final long HANDLER_TIMEOUT_MS = 10_000;
    private static final long MAX_POLL_INTERVAL_MS = 60_000;
    private static final TopicPartition OTHERS = new TopicPartition("orders", 1);

    private Runnable inHandler = () -> { };
    private final InlineFloor floor = new InlineFloor(record -> inHandler.run(), 1_000_000);
    private final Watch watch = new Watch(HANDLER_TIMEOUT_MS, 60_000, floor.time);
    private final StatusReader reader = new StatusReader(watch, MAX_POLL_INTERVAL_MS, HANDLER_TIMEOUT_MS, floor.time);

    private ConsumerStatus look() {
        watch.look(floor, floor.time.milliseconds());
        return status();
    }

    private ConsumerStatus lookLater(long ms) {
        floor.time.sleep(ms);
        return look();
    }

    private ConsumerStatus status() {
        return reader.read(State.RUNNING, null, 16);
    }

    private PartitionStatus orders() {
        return look().partitions().get(ORDERS);
    }

    private PartitionStatus ordersLater(long ms) {
        return lookLater(ms).partitions().get(ORDERS);
    }

    private static OptionalLong of(long value) {
        return OptionalLong.of(value);
    }

    // ---------------------------------------------------------------- lag

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

    // ---------------------------------------------------------------- stuck

    @Test
    void shouldBeStuckWhenAHandlerDoesNotReturn() {
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        inHandler = () -> {
            assertFalse(orders().stuck());
            assertFalse(ordersLater(HANDLER_TIMEOUT_MS - 100).stuck());
            ConsumerStatus status = lookLater(100);
            assertEquals(Set.of(ORDERS), status.stuckPartitions());
            assertFalse(status.isHealthy());
            assertTrue(status.problems().get(0).startsWith("orders-0 stands still at offset 0, admitted 10000 ms ago"),
                    status.problems()::toString);
            assertEquals(1, watch.snapshot().sum(PartitionView::hung));
        };
        floor.workAndSettle();
        assertTrue(lookLater(100).isHealthy());
        assertEquals(0, watch.snapshot().sum(PartitionView::hung));
    }

    @Test
    void shouldBeStuckWhenARecordIsNeverTaken() {
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        look();
        assertTrue(lookLater(HANDLER_TIMEOUT_MS - 100).isHealthy());
        assertFalse(lookLater(100).isHealthy());
    }

    @Test
    void shouldNotBeStuckWhileALongQueueMovesOn() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        for (int i = 0; i < 20; i++)
            floor.admit(partition, i, "key");
        inHandler = () -> assertTrue(lookLater(HANDLER_TIMEOUT_MS * 9 / 10).isHealthy());
        floor.workAndSettle();
        // All ran in one go, and the oldest was admitted long ago; while the first was the oldest, others began and ended.
        assertTrue(lookLater(100).isHealthy());
    }

    @Test
    void shouldNotBeStuckWhenTheOldestHasWaitedForLongBeforeItsHandlerBegan() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        floor.admit(partition, 0, "a");
        look();
        lookLater(HANDLER_TIMEOUT_MS - 10);
        inHandler = () -> {
            assertTrue(lookLater(100).isHealthy());
            assertTrue(lookLater(HANDLER_TIMEOUT_MS - 200).isHealthy());
        };
        floor.workAndSettle();
    }

    @Test
    void shouldNotBeStuckWhileItWaitsForARetryOrFailsAgainAndAgain() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        WorkRecord record = floor.admit(partition, 0, "a");
        inHandler = () -> {
            throw new IllegalStateException("again");
        };
        for (int i = 0; i < 5; i++) {
            floor.work();
            partition.parked(1);
            assertTrue(lookLater(100).isHealthy());
            assertTrue(lookLater(3 * HANDLER_TIMEOUT_MS).isHealthy());
            floor.again(record);
            // It waits for a worker again, and that counts from now.
            assertTrue(lookLater(HANDLER_TIMEOUT_MS / 2).isHealthy());
        }
        assertEquals(Duration.ofMillis(5 * (100 + 3 * HANDLER_TIMEOUT_MS + HANDLER_TIMEOUT_MS / 2)), orders().oldestAge());
        assertFalse(lookLater(HANDLER_TIMEOUT_MS).isHealthy());
    }

    @Test
    void shouldNotTakeTheLastAttemptsBeginningForTheNextOnes() {
        AssignedPartition partition = floor.assign(ORDERS, 0);
        WorkRecord record = floor.admit(partition, 0, "a");
        inHandler = () -> {
            throw new IllegalStateException("again");
        };
        floor.work();
        partition.parked(1);
        floor.time.sleep(3 * HANDLER_TIMEOUT_MS);
        floor.again(record);
        assertEquals(0, record.startNs());
    }

    @Test
    void shouldNeverBeStuckWithoutATimeout() {
        Watch patient = new Watch(Long.MAX_VALUE, 60_000, floor.time);
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        patient.look(floor, floor.time.milliseconds());
        floor.time.sleep(Duration.ofDays(10).toMillis());
        patient.look(floor, floor.time.milliseconds());
        assertEquals(0, patient.snapshot().count(PartitionView::stuck));
    }

    @Test
    void shouldBeginAnewWithANewAssignment() {
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        look();
        assertFalse(lookLater(HANDLER_TIMEOUT_MS).isHealthy());
        floor.admit(floor.assign(ORDERS, 0), 0, "a");
        watch.lookNow(floor);
        assertTrue(status().isHealthy());
    }

    // ---------------------------------------------------------------- health

    @Test
    void shouldBeHealthyWithNothingToDo() {
        assertTrue(look().isHealthy());
        floor.assign(ORDERS, 0);
        lookLater(100);
        assertTrue(lookLater(10 * HANDLER_TIMEOUT_MS).isHealthy());
    }

    @Test
    void shouldNotBeHealthyWhenThePollThreadDoesNotComeRound() {
        look();
        floor.time.sleep(MAX_POLL_INTERVAL_MS);
        assertTrue(status().isHealthy());
        floor.time.sleep(1);
        assertFalse(status().isHealthy());
        assertTrue(status().problems().get(0).contains("max.poll.interval.ms (60000)"), status().problems()::toString);
        assertTrue(look().isHealthy());
    }

    @Test
    void shouldNotCountTheTimeBeforeTheStart() {
        floor.time.sleep(2 * MAX_POLL_INTERVAL_MS);
        assertTrue(reader.read(State.NEW, null, 1).isHealthy());
        watch.begin();
        assertTrue(status().isHealthy());
    }

    @Test
    void shouldNotBeHealthyAfterTheEnd() {
        assertFalse(reader.read(State.CLOSED, null, 1).isHealthy());
        assertTrue(reader.read(State.CLOSING, null, 1).isHealthy());
        ConsumerStatus failed = reader.read(State.FAILED, new KafkaException("no rights", new IllegalStateException("of ours")), 1);
        assertEquals(List.of("the consumer ended by itself: no rights (java.lang.IllegalStateException: of ours)"), failed.problems());
    }

    // ---------------------------------------------------------------- counts, times and how often

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
