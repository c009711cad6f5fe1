package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** In a producer that knows nothing of {@link LoadAware}. */
class MockProducerTest {
    private static final int PARTITIONS = 5;

    static Stream<Partitioner> keyless() {
        return Stream.of(new StickyPartitioner(), new RoundRobinPartitioner());
    }

    private static List<Integer> send(Partitioner partitioner, int records, boolean keyed) throws Exception {
        partitioner.configure(Map.of());
        try (MockProducer<byte[], byte[]> producer = new MockProducer<>(Topics.cluster(PARTITIONS), true, partitioner,
                new ByteArraySerializer(), new ByteArraySerializer())) {
            Stream.Builder<Integer> partitions = Stream.builder();
            for (int i = 0; i < records; i++) {
                byte[] key = keyed ? ("key-" + i).getBytes(StandardCharsets.UTF_8) : null;
                RecordMetadata sent = producer.send(new ProducerRecord<>(Topics.TOPIC, key, new byte[100])).get();
                partitions.add(sent.partition());
            }
            return partitions.build().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("keyless")
    void shouldShareRecordsWithoutAKey(Partitioner partitioner) throws Exception {
        Map<Integer, Long> counts = send(partitioner, 50_000, false).stream()
                .collect(Collectors.groupingBy(p -> p, TreeMap::new, Collectors.counting()));
        assertEquals(PARTITIONS, counts.size());
        counts.forEach((partition, count) -> assertTrue(Math.abs(count - 10_000) < 500, counts::toString));
    }

    @Test
    void shouldPutKeysWhereKafkaPutsThem() throws Exception {
        List<Integer> partitions = send(new StickyPartitioner(), 5_000, true);
        for (int i = 0; i < partitions.size(); i++) {
            byte[] key = ("key-" + i).getBytes(StandardCharsets.UTF_8);
            assertEquals(BuiltInPartitioner.partitionForKey(key, PARTITIONS), partitions.get(i));
        }
    }
}
