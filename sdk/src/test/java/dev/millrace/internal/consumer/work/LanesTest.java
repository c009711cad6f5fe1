package dev.millrace.internal.consumer.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class LanesTest {

    private static final TopicPartition PARTITION = new TopicPartition("topic", 3);

    private final Lanes lanes = new Lanes();
    private final AssignedPartition partition = new AssignedPartition(PARTITION, 0);

    private static ByteBuffer key(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private WorkRecord record(String key) {
        return new WorkRecord(new ConsumerRecord<>(PARTITION.topic(), PARTITION.partition(), 0, key(key), null), partition);
    }

    @Test
    void shouldFindTheLaneOfAKeyAmongManyOthers() {
        Map<String, Lane> made = new HashMap<>();
        for (int i = 0; i < 20_000; i++)
            made.put("key-" + i, lanes.of(partition, key("key-" + i)));
        assertEquals(20_000, Map.copyOf(made).values().stream().distinct().count());
        made.forEach((key, lane) -> assertSame(lane, lanes.of(partition, key(key))));
        assertEquals(20_000, lanes.count());
    }

    @Test
    void shouldTellPartitionsApart() {
        AssignedPartition other = new AssignedPartition(new TopicPartition("topic", 4), 0);
        assertNotSame(lanes.of(partition, key("a")), lanes.of(other, key("a")));
    }

    @Test
    void shouldKeepALaneThroughASecondAssignment() {
        AssignedPartition again = new AssignedPartition(new TopicPartition("topic", 3), 0);
        assertSame(lanes.of(partition, key("a")), lanes.of(again, key("a")));
    }

    @Test
    void shouldNotGoByABufferThatIsChangedLater() {
        ByteBuffer lent = key("a");
        Lane lane = lanes.of(partition, lent);
        lent.put(0, (byte) 'b');
        assertSame(lane, lanes.of(partition, key("a")));
        assertNotSame(lane, lanes.of(partition, key("b")));
    }

    @Test
    void shouldGiveUpIdleLanesAndNoOther() {
        Lane queued = lanes.of(partition, key("queued"));
        assertTrue(queued.add(record("queued")));
        Lane owned = lanes.of(partition, key("owned"));
        owned.add(record("owned"));
        assertTrue(owned.next() != null);
        Lane waiting = lanes.of(partition, key("waiting"));
        waiting.add(record("waiting"));
        WorkRecord failed = waiting.next();
        waiting.failed(failed);
        assertSame(null, waiting.next());
        assertTrue(waiting.release());
        for (int i = 0; i < 4 * Lanes.KEPT; i++) {
            lanes.of(partition, key("key-" + i));
            assertTrue(lanes.count() <= Lanes.KEPT, () -> "lanes grow without bound: " + lanes.count());
        }
        assertSame(queued, lanes.of(partition, key("queued")));
        assertSame(owned, lanes.of(partition, key("owned")));
        assertSame(waiting, lanes.of(partition, key("waiting")));
        assertFalse(waiting.isIdle());
    }
}
