package dev.millrace.internal.consumer.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What a lane gives out while the poll thread is about to drop a partition's records, one by one. */
class LaneDropTest {

    private final AssignedPartition partition = new AssignedPartition(new TopicPartition("topic", 0), 0);
    private final Lane lane = new Lane(0, new TopicPartition("topic", 0), ByteBuffer.wrap(new byte[] {1}), 0);

    LaneDropTest() {
        partition.startAt(0, DoneOffsets.EMPTY);
    }

    private WorkRecord added(AssignedPartition of, long offset) {
        WorkRecord record = new WorkRecord(new ConsumerRecord<>("topic", 0, offset, ByteBuffer.wrap(new byte[] {1}), ByteBuffer.allocate(1)), of);
        lane.add(record);
        return record;
    }

    @Test
    void shouldNotBeginARecordBehindADroppedOneOfItsKey() {
        WorkRecord first = added(partition, 0);
        WorkRecord second = added(partition, 1);
        partition.revoke();
        first.dropQueued();
        assertNull(lane.next());
        assertEquals(WorkRecord.Status.DROPPED, second.status());
    }

    @Test
    void shouldNotBeginWhatWaitedBehindAParkedOneThatIsGivenUp() {
        WorkRecord first = added(partition, 0);
        WorkRecord second = added(partition, 1);
        assertSame(first, lane.next());
        lane.failed(first);
        first.post(new WorkRecord.Outcome.Failed(new IllegalStateException()));
        assertNull(lane.next());
        partition.revoke();
        first.dropPosted();
        lane.add(first);
        assertNull(lane.next());
        assertEquals(WorkRecord.Status.DROPPED, second.status());
    }

    @Test
    void shouldGoOnWithTheNextAssignment() {
        added(partition, 0).dropQueued();
        partition.revoke();
        WorkRecord again = added(new AssignedPartition(partition.topicPartition(), 0), 0);
        assertSame(again, lane.next());
    }
}
