package dev.millrace.internal.consumer.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.Attempts;
import dev.millrace.internal.consumer.work.Completions;
import dev.millrace.internal.consumer.work.RecordDecoder;
import dev.millrace.internal.consumer.work.WorkFloor;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;

class ThrottleTest {

    private static final int PRIORITIES = 2;

    private final WorkFloor floor = WorkFloor.blocking(new WorkFloor.Plan<>(ProcessingOrder.UNORDERED, 1, PRIORITIES,
            new Attempts<>(new Completions(() -> { }), Time.SYSTEM, null, Long.MAX_VALUE),
            () -> new RecordDecoder<>(new ByteBufferDeserializer(), new ByteBufferDeserializer())), (record, context) -> { });
    private long nowNs = TimeUnit.DAYS.toNanos(5);

    private WorkRecord add(Throttle throttle, int level) {
        AssignedPartition partition = new AssignedPartition(new TopicPartition("topic", 0), level);
        WorkRecord record = new WorkRecord(new ConsumerRecord<>("topic", 0, 7, null, null), partition);
        throttle.add(record);
        return record;
    }

    /** Where those records stand that may be handled now, by their priority. */
    private List<Integer> ready() {
        List<Integer> levels = new ArrayList<>();
        for (var unit = floor.poll(); unit != null; unit = floor.poll())
            levels.add(unit.level());
        return levels;
    }

    private int readyAfter(Throttle throttle, long ms) {
        nowNs += TimeUnit.MILLISECONDS.toNanos(ms);
        throttle.release(nowNs);
        return ready().size();
    }

    @Test
    void shouldLetAllGoAtOnceWithoutARate() {
        Throttle throttle = new Throttle(floor, 0, nowNs);
        for (int i = 0; i < 1000; i++)
            add(throttle, 0);
        assertEquals(1000, ready().size());
        assertEquals(Long.MAX_VALUE, throttle.nextMs(5));
    }

    @Test
    void shouldLetRecordsGoAtTheRate() {
        Throttle throttle = new Throttle(floor, 1_000, nowNs);
        for (int i = 0; i < 10_000; i++)
            add(throttle, 0);
        assertEquals(1, readyAfter(throttle, 0));
        int ready = 0;
        for (int i = 0; i < 1_000; i++)
            ready += readyAfter(throttle, 3);
        assertEquals(3_000, ready, 1);
        assertEquals(100, readyAfter(throttle, 60_000), "a pause lets a tenth of a second's worth go");
    }

    @Test
    void shouldSayWhenTheNextHasItsTurn() {
        Throttle throttle = new Throttle(floor, 4, nowNs);
        add(throttle, 0);
        add(throttle, 0);
        assertEquals(1, readyAfter(throttle, 0));
        assertEquals(1_250, throttle.nextMs(1_000));
        assertEquals(0, readyAfter(throttle, 249));
        assertEquals(1, readyAfter(throttle, 1));
        assertEquals(Long.MAX_VALUE, throttle.nextMs(1_000));
    }

    @Test
    void shouldLetThoseOfAHigherPriorityGoFirst() {
        Throttle throttle = new Throttle(floor, 10, nowNs);
        for (int i = 0; i < 3; i++)
            add(throttle, 1);
        add(throttle, 0);
        throttle.release(nowNs);
        assertEquals(List.of(0), ready());
        nowNs += TimeUnit.MILLISECONDS.toNanos(100);
        throttle.release(nowNs);
        assertEquals(List.of(1), ready());
    }

    @Test
    void shouldNotSpendTheRateOnDroppedRecords() {
        Throttle throttle = new Throttle(floor, 10, nowNs);
        for (int i = 0; i < 100; i++)
            add(throttle, 0).dropQueued();
        WorkRecord last = add(throttle, 0);
        assertEquals(1, readyAfter(throttle, 0));
        assertEquals(WorkRecord.Status.QUEUED, last.status());
    }

    @Test
    void shouldTakeAnotherRateWhileRecordsWait() {
        Throttle throttle = new Throttle(floor, 1, nowNs);
        for (int i = 0; i < 1_000; i++)
            add(throttle, 0);
        assertEquals(1, readyAfter(throttle, 0));
        throttle.limit(1_000, nowNs);
        assertTrue(ready().size() <= 1);
        assertEquals(50, readyAfter(throttle, 50), 1);
        throttle.limit(0, nowNs);
        assertEquals(948, ready().size(), 2);
    }
}
