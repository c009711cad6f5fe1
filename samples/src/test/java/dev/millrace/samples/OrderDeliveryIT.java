package dev.millrace.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.MillraceProducer;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LaunchedProgram;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample as its README runs it: by its launcher, as a process. */
class OrderDeliveryIT {
    private static final Path DELIVER = Path.of("bin/deliver");
    private static final Pattern DELIVERED = Pattern.compile("order (\\d+) of (customer-\\d+): delivered(, at attempt 2)?");

    @TempDir
    Path folder;

    @Test
    void shouldDeliverEachOrderOnceInTheOrderOfItsCustomerAndPutAsideWhatNobodyCanDeliver() throws Exception {
        LaunchedProgram sample = LaunchedProgram.start(folder, DELIVER);
        assertEquals(0, sample.awaitExit(), () -> sample.out() + sample.err());
        List<String> lines = sample.out().lines().toList();
        Set<Long> delivered = new HashSet<>();
        Map<String, Long> lastOf = new HashMap<>();
        int again = 0;
        for (String line : lines) {
            Matcher order = DELIVERED.matcher(line);
            if (!order.matches())
                continue;
            long id = Long.parseLong(order.group(1));
            assertTrue(delivered.add(id), () -> "delivered twice: " + line);
            again += order.group(3) == null ? 0 : 1;
            Long before = lastOf.put(order.group(2), id);
            assertTrue(before == null || before < id, () -> before + " was delivered before " + line);
        }
        assertEquals(498, delivered.size());
        assertEquals(50, again);
        assertEquals(50, lines.stream().filter(line -> line.endsWith("the warehouse is busy")).count());
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("dead letter of customer-3: a quantity of 0 can't be delivered,"
                + " after 1 attempts: {\"id\":123,")), sample::out);
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("dead letter of customer-1: a record of topic orders is not a JSON Order")
                && line.endsWith("three anchors, please")), sample::out);
        assertTrue(sample.err().endsWith("498 orders delivered, 2 dead letters\n"), sample::err);
    }

    @Test
    void shouldCommitWhatItDeliveredWhenItIsStopped() throws Exception {
        try (KafkaCluster cluster = KafkaCluster.builder().start();
                Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
            cluster.createTopic("shop", 1, 1);
            cluster.createTopic("shop.dead", 1, 1);
            try (Producer<String, Order> producer = new MillraceProducer<>(Map.of("bootstrap.servers", cluster.bootstrapServers()),
                    new StringSerializer(), new JsonSerializer<>())) {
                for (int id = 1; id <= 30; id++)
                    producer.send(new ProducerRecord<>("shop", "customer-" + id % 3, new Order(id, "customer-" + id % 3, "drum", 1, 1)));
            }
            LaunchedProgram sample = LaunchedProgram.start(folder, DELIVER, "--bootstrap-server", cluster.bootstrapServers(), "--topic", "shop");
            sample.await(() -> sample.out().lines().filter(line -> DELIVERED.matcher(line).matches()).count() == 30);
            sample.terminate();
            assertEquals(143, sample.awaitExit(), sample::err);
            OffsetAndMetadata committed = admin.listConsumerGroupOffsets("deliveries").partitionsToOffsetAndMetadata().get()
                    .get(new TopicPartition("shop", 0));
            assertEquals(30, committed.offset());
        }
    }

    @Test
    void shouldSayWhatIsWrong() throws Exception {
        LaunchedProgram sample = LaunchedProgram.start(folder, DELIVER, "--concurrency", "0");
        assertEquals(2, sample.awaitExit());
        assertTrue(sample.err().contains("--concurrency: 0 is not a number above 0"), sample::err);
    }
}
