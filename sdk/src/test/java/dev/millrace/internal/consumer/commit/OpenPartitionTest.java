package dev.millrace.internal.consumer.commit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Which records a transaction takes: those that its offsets can tell about. */
class OpenPartitionTest {

    private static final TopicPartition PARTITION = new TopicPartition("in", 0);
    private static final Uuid ID = new Uuid(3, 4);

    private final AssignedPartition assigned = new AssignedPartition(PARTITION, 0);
    private final List<WorkRecord> records = new ArrayList<>();
    private final List<WorkRecord> sent = new ArrayList<>();

    private OpenPartition open(int maxBytes, Uuid id) {
        OffsetMaps maps = new OffsetMaps(maxBytes);
        maps.topicIds(Map.of("in", id));
        assigned.startAt(0, DoneOffsets.EMPTY);
        return new OpenPartition(assigned, maps, null, -1);
    }

    private void admit(long offset) {
        WorkRecord record = new WorkRecord(new ConsumerRecord<>("in", 0, offset, (ByteBuffer) null, null), assigned);
        assigned.admitted(record);
        records.add(record);
    }

    private OffsetAndMetadata commit(OpenPartition open, int most) {
        OffsetAndMetadata now = open.seal(most);
        if (now != null) {
            sent.addAll(open.sealed());
            open.committed(now);
        }
        return now;
    }

    @Test
    void shouldTakeWhatIsOverInTheOrderOfOffsets() {
        OpenPartition open = open(4096, ID);
        for (int offset = 0; offset < 5; offset++)
            admit(offset);
        open.done(records.get(4));
        open.done(records.get(0));
        open.done(records.get(2));
        OffsetAndMetadata now = commit(open, 2);
        assertEquals(List.of(records.get(0), records.get(2)), sent);
        assertEquals(1, now.offset());
        assertEquals(DoneOffsets.of(2, 3), OffsetMapCodec.decode(now.metadata(), ID, 1).done());
        assertEquals(1, open.waiting());
        commit(open, 10);
        assertEquals(List.of(records.get(0), records.get(2), records.get(4)), sent);
        assertNull(commit(open, 10), "nothing has changed");
    }

    @Test
    void shouldTakeOnlyWhatIsInARowWhereTheTopicHasNoId() {
        OpenPartition open = open(4096, Uuid.ZERO_UUID);
        for (int offset = 0; offset < 6; offset++)
            admit(offset);
        for (int i : new int[] {0, 1, 3, 4, 5})
            open.done(records.get(i));
        assertEquals(2, commit(open, 10).offset());
        assertEquals(records.subList(0, 2), sent);
        assertNull(commit(open, 10), "what is behind a record that is not over has to wait");
        open.done(records.get(2));
        assertEquals(6, commit(open, 10).offset());
        assertEquals(records, sent);
    }

    @Test
    void shouldSendTheSameAgainAfterAnAbortAndMoreWithIt() {
        OpenPartition open = open(4096, ID);
        for (int offset = 0; offset < 4; offset++)
            admit(offset);
        open.done(records.get(1));
        assertNotNull(open.seal(10));
        open.done(records.get(0));
        OffsetAndMetadata again = open.seal(10);
        assertEquals(2, again.offset());
        assertEquals(List.of(records.get(1), records.get(0)), open.sealed());
    }

    /** Whatever is done in whatever order, with little room for the map: it always remembers all that was sent. */
    @Test
    void shouldNeverSendWhatItsOffsetsCanNotTell() {
        for (int seed = 1; seed <= 300; seed++) {
            Random random = new Random(seed);
            OpenPartitionTest run = new OpenPartitionTest();
            // About 0 to 20 bytes for what is done.
            run.fill(run.open(OffsetMapCodec.PREFIX.length() + 40 + random.nextInt(30), ID), random, seed);
        }
    }

    private void fill(OpenPartition open, Random random, int seed) {
        long offset = 0;
        for (int i = 0; i < 400; i++)
            admit(offset += 1 + (random.nextInt(3) == 0 ? random.nextInt(200) : 0));
        List<WorkRecord> order = new ArrayList<>(records);
        Collections.shuffle(order, random);
        int heldBack = 0;
        for (WorkRecord record : order) {
            open.done(record);
            if (random.nextInt(10) > 0)
                continue;
            OffsetAndMetadata now = commit(open, 1 + random.nextInt(100));
            heldBack += open.waiting();
            if (now == null)
                continue;
            DoneOffsets done = OffsetMapCodec.decode(now.metadata(), ID, now.offset()).done();
            for (WorkRecord one : records)
                assertEquals(sent.contains(one), one.offset() < now.offset() || done.contains(one.offset()),
                        () -> "seed " + seed + ": " + one + " with " + now);
        }
        commit(open, Integer.MAX_VALUE);
        assertEquals(records.size(), sent.size(), "seed " + seed);
        assertTrue(heldBack > 0, "nothing was held back with seed " + seed);
    }
}
