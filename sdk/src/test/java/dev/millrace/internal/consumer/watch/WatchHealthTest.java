package dev.millrace.internal.consumer.watch;

import static dev.millrace.internal.consumer.watch.InlineFloor.ORDERS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.ConsumerStatus.State;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;

/** When a partition is taken to be stuck, and a consumer to be healthy. */
class WatchHealthTest extends WatchTest {

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
}
