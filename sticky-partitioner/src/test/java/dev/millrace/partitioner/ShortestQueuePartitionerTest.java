package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;

/** A user's own LoadAware partitioner: the one of docs/partitioners.md does what the page says. */
class ShortestQueuePartitionerTest {
    @Test
    void shouldTakeTheShortestQueueOfAnAvailableLeader() {
        ShortestQueuePartitioner partitioner = new ShortestQueuePartitioner();
        assertEquals(0, Topics.keyless(partitioner, null, Topics.cluster(4)), "with no engine");
        Load load = new Load();
        load.queued.putAll(Map.of(0, 3, 1, 1, 2, 0, 3, 2));
        load.unavailable.add(2);
        partitioner.watch(load);
        assertEquals(1, Topics.keyless(partitioner, null, Topics.cluster(4)));
        assertEquals(3, Topics.keyless(partitioner, null, Topics.cluster(4, Set.of(1))));
    }
}
