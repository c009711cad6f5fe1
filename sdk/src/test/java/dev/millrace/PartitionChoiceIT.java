package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where records go to that name no partition, at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class PartitionChoiceIT {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 24})
    void shouldPutEveryKeyWhereKafkaProducerPutsIt(int partitions) throws Exception {
        String topic = OneBroker.newTopic(partitions);
        Random random = new Random(partitions);
        List<byte[]> keys = IntStream.range(0, 5000).mapToObj(i -> {
            byte[] key = new byte[random.nextInt(40)];
            random.nextBytes(key);
            return key;
        }).toList();
        assertEquals(partitionsOf(Client.KAFKA, topic, keys), partitionsOf(Client.MILLRACE, topic, keys));
    }

    private static List<Integer> partitionsOf(Client client, String topic, List<byte[]> keys) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (Producer<byte[], byte[]> producer = client.producer(OneBroker.bytesConfig())) {
            for (byte[] key : keys)
                sent.add(producer.send(new ProducerRecord<>(topic, key, new byte[10])));
        }
        List<Integer> partitions = new ArrayList<>();
        for (Future<RecordMetadata> future : sent)
            partitions.add(future.get().partition());
        return partitions;
    }

    @Test
    void shouldSpreadRecordsWithoutKey() throws Exception {
        int partitions = 6;
        int records = 60_000;
        Map<Integer, Integer> counts = spread(partitions, records, null, "batch.size", 2048);
        for (int p = 0; p < partitions; p++) {
            int count = counts.getOrDefault(p, 0);
            // How much it is depends on how the broker keeps up; that none is forgotten or preferred by far does not.
            assertTrue(count > records / partitions / 5 && count < 3 * records / partitions, counts::toString);
        }
    }

    @Test
    void shouldFillBatchesOfRecordsWithoutKey() throws Exception {
        String topic = OneBroker.newTopic(6);
        try (Producer<String, String> producer = new MillraceProducer<>(OneBroker.config("linger.ms", 100))) {
            for (int i = 0; i < 20_000; i++)
                producer.send(new ProducerRecord<>(topic, "value-" + i));
            producer.flush();
            double filled = MillraceProducerIT.metric(producer, "batch-size-avg") / 16_384;
            assertTrue(filled > 0.7, "a batch is filled to " + filled);
        }
    }

    private static final AtomicLong TOLD_BYTES = new AtomicLong();
    private static final AtomicInteger TOLD_TIMES = new AtomicInteger();

    /** Counts what it is told of load. */
    public static final class Counting extends LoadWatcher {
        @Override
        void appended(int bytes) {
            TOLD_BYTES.addAndGet(bytes);
            TOLD_TIMES.incrementAndGet();
        }
    }

    /** Once a batch, for partitioners count in what all threads read; where batches are sent before they are full, once in as many bytes. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1000})
    void shouldTellPartitionersOfAllBytesNowAndThen(int lingerMs) throws Exception {
        TOLD_BYTES.set(0);
        TOLD_TIMES.set(0);
        String topic = OneBroker.newTopic(1);
        int batchSize = 4096;
        int records = 2000;
        int size = 100;
        try (Producer<byte[], byte[]> producer = new MillraceProducer<>(OneBroker.bytesConfig("linger.ms", lingerMs,
                "batch.size", batchSize, "partitioner.class", Counting.class))) {
            for (int i = 0; i < records; i++) {
                Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(topic, new byte[size]));
                if (lingerMs == 0)
                    sent.get();
            }
        }
        // A record takes about nine bytes more than its value, and what full batches left unused counts, too.
        assertTrue(TOLD_BYTES.get() > records * size - batchSize && TOLD_BYTES.get() < records * (size + 20), TOLD_BYTES + " bytes told");
        int batches = records * size / batchSize;
        assertTrue(TOLD_TIMES.get() > batches / 2 && TOLD_TIMES.get() < 3 * batches, TOLD_TIMES + " times for " + batches + " batches");
    }

    @Test
    void shouldIgnoreKeysWhenToldTo() throws Exception {
        Map<Integer, Integer> counts = spread(4, 20_000, "the same", "batch.size", 2048, "partitioner.ignore.keys", true);
        assertEquals(4, counts.size(), counts::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dev.millrace.partitioner.RoundRobinPartitioner",
            "org.apache.kafka.clients.producer.RoundRobinPartitioner"})
    void shouldGoRound(String partitioner) throws Exception {
        Map<Integer, Integer> counts = spread(4, 4000, "the same", "partitioner.class", partitioner, "batch.size", 500);
        assertEquals(Map.of(0, 1000, 1, 1000, 2, 1000, 3, 1000), counts);
    }

    private static Map<Integer, Integer> spread(int partitions, int records, String key, Object... overrides) {
        String topic = OneBroker.newTopic(partitions);
        Map<Integer, Integer> counts = Collections.synchronizedMap(new HashMap<>());
        try (Producer<String, String> producer = new MillraceProducer<>(OneBroker.config(overrides))) {
            for (int i = 0; i < records; i++)
                producer.send(new ProducerRecord<>(topic, key, "value-" + i),
                        (metadata, e) -> counts.merge(metadata.partition(), 1, Integer::sum));
        }
        assertEquals(records, counts.values().stream().mapToInt(Integer::intValue).sum());
        return counts;
    }
}
