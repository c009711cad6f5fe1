package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class PacingTest {
    private final FakeClock clock = new FakeClock();
    private final Pacer pacer = new Pacer(clock, () -> false);

    @Test
    void shouldPlaceRecordsAtEvenDistances() {
        Schedule schedule = Schedule.paced(5_000, 1_000_000, 0, 1);
        assertEquals(5_000, schedule.dueNs(0, 0));
        assertEquals(6_000, schedule.dueNs(1, 0));
        assertEquals(1_005_000, schedule.dueNs(1_000, 99_999_999));
    }

    @Test
    void shouldDealTheScheduleOutToTheCallers() {
        List<Long> due = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            for (int caller = 0; caller < 3; caller++) {
                due.add(Schedule.paced(0, 1_000, caller, 3).dueNs(i, 0));
            }
        }
        for (int i = 0; i < due.size(); i++) {
            assertEquals(i * 1_000_000L, due.get(i));
        }
    }

    @Test
    void shouldNotDriftOverABillionRecords() {
        // 30,000 a second: the distance is no whole number of nanoseconds.
        assertEquals(1_000_000_000_000_000L / 30, Schedule.paced(0, 30_000, 0, 1).dueNs(1_000_000_000, 0), 10);
    }

    @Test
    void shouldBeDueAtOnceInAClosedLoop() {
        assertEquals(77, Schedule.AS_FAST_AS_POSSIBLE.dueNs(5, 77));
    }

    @Test
    void shouldSleepUntilTheRecordIsDue() {
        clock.nowNs = 100;
        assertEquals(1_100, pacer.await(1_100, 100));
        assertEquals(List.of(1_000L), clock.waits);
    }

    @Test
    void shouldSleepAgainWhenWokenEarly() {
        clock.oversleepNs = -400;
        assertTrue(pacer.await(1_000, 0) >= 1_000);
        assertTrue(clock.waits.size() > 1);
    }

    @Test
    void shouldSendLateRecordsAtOnceWithoutSkippingAny() {
        Schedule schedule = Schedule.paced(0, 1_000_000, 0, 1);
        clock.nowNs = 10_500;
        long nowNs = clock.nowNs;
        for (int i = 0; i <= 10; i++) {
            nowNs = pacer.await(schedule.dueNs(i, nowNs), nowNs);
        }
        assertEquals(List.of(), clock.waits);
        assertEquals(11_000, pacer.await(schedule.dueNs(11, nowNs), nowNs));
    }

    @Test
    void shouldStopWaitingWhenTheRunIsStopped() {
        AtomicBoolean stopped = new AtomicBoolean();
        FakeClock stopping = new FakeClock();
        stopping.oversleepNs = -900;
        Pacer stoppable = new Pacer(stopping, () -> stopping.waits.size() == 3 || stopped.get());
        assertTrue(stoppable.await(1_000, 0) < 1_000);
        assertEquals(3, stopping.waits.size());
    }
}
