package dev.millrace.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample as its README runs it: by its launcher, as a process. */
class OrderProducerIT {
    private static final int PARTITIONS = 3;

    @TempDir
    Path folder;

    private String out;
    private String err;

    private int orders(String... args) throws IOException, InterruptedException {
        LaunchedProgram sample = LaunchedProgram.start(folder, Path.of("bin/orders"), args);
        int exit = sample.awaitExit();
        out = sample.out();
        err = sample.err();
        return exit;
    }

    @Test
    void shouldRunWithoutAnything() throws IOException, InterruptedException {
        assertEquals(0, orders(), () -> out + err);
        assertEquals(10, out.lines().filter(line ->
                line.matches("order \\d+ of customer-\\d: partition [0-2], offset \\d+")).count(), () -> out + err);
        assertTrue(err.endsWith("10 of 10 orders stored\n") && !err.contains("WARN"), err);
    }

    @Test
    void shouldStoreJsonOrdersWhereItSaysAndOneCustomerInOnePartition() throws IOException, InterruptedException {
        try (KafkaCluster cluster = KafkaCluster.builder().start()) {
            cluster.createTopic("shop", PARTITIONS, 1);
            assertEquals(0, orders("--bootstrap-server", cluster.bootstrapServers(), "--topic", "shop", "--orders", "50"),
                    () -> out + err);
            Map<String, Integer> partitionOf = new HashMap<>();
            Map<String, Long> lastOrderOf = new HashMap<>();
            List<ConsumerRecord<String, byte[]>> records = read(cluster, "shop", 50);
            for (ConsumerRecord<String, byte[]> record : records) {
                Order order = new ObjectMapper().readValue(record.value(), Order.class);
                assertEquals(record.key(), order.customer());
                assertEquals(record.partition(), partitionOf.computeIfAbsent(record.key(), key -> record.partition()));
                Long before = lastOrderOf.put(record.key(), order.id());
                assertTrue(before == null || before < order.id(), () -> before + " before " + order);
                String line = "order " + order.id() + " of " + order.customer() + ": partition " + record.partition()
                        + ", offset " + record.offset();
                assertTrue(out.lines().anyMatch(line::equals), () -> "no '" + line + "' in:\n" + out);
            }
            assertEquals(50, records.size());
        }
    }

    private static List<ConsumerRecord<String, byte[]>> read(KafkaCluster cluster, String topic, int count) {
        List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
        try (Consumer<String, byte[]> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", cluster.bootstrapServers()),
                new StringDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions =
                    IntStream.range(0, PARTITIONS).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (records.size() < count && System.nanoTime() - deadlineNs < 0) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        return records;
    }

    @Test
    void shouldSayWhatIsWrong() throws IOException, InterruptedException {
        assertEquals(2, orders("--orders", "0"));
        assertTrue(err.contains("--orders: 0 is not a number above 0"), err);
        assertEquals(1, orders("--bootstrap-server", "127.0.0.1:1", "--orders", "1"), () -> out + err);
        assertTrue(err.contains("order 1 of") && err.contains("was not stored"), err);
    }
}
