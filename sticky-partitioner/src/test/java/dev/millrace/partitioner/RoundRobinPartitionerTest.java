package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;
import org.junit.jupiter.api.Test;

class RoundRobinPartitionerTest {
    @Test
    void shouldGoInKafkasOrder() {
        Partitioner ours = new RoundRobinPartitioner();
        Partitioner kafkas = new org.apache.kafka.clients.producer.RoundRobinPartitioner();
        Cluster[] snapshots = {Topics.cluster(3), Topics.cluster(6, Set.of(0, 4)), Topics.cluster(2, Set.of(0, 1))};
        for (Cluster cluster : snapshots) {
            for (int i = 0; i < 1001; i++) {
                assertEquals(Topics.keyless(kafkas, null, cluster), Topics.keyless(ours, null, cluster));
            }
        }
    }

    @Test
    void shouldMissNoTurnWithManyThreads() throws Exception {
        Partitioner partitioner = new RoundRobinPartitioner();
        Cluster cluster = Topics.cluster(5);
        AtomicIntegerArray records = new AtomicIntegerArray(5);
        Threads.run(4, thread -> {
            for (int i = 0; i < 50_000; i++) {
                records.incrementAndGet(Topics.keyless(partitioner, null, cluster));
            }
        });
        assertEquals("[40000, 40000, 40000, 40000, 40000]", records.toString());
    }
}
