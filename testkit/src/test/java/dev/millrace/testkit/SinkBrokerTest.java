package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.sink.SinkOptions;
import dev.millrace.testkit.sink.SinkStats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class SinkBrokerTest {
    static KafkaProducer<byte[], byte[]> producer(SinkBroker sink, Map<String, Object> more) {
        Map<String, Object> properties = new HashMap<>(more);
        properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, sink.bootstrapServers());
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Sends so many records without waiting for one another, and waits for all; returns the last one's metadata. */
    static RecordMetadata send(KafkaProducer<byte[], byte[]> producer, int records)
            throws ExecutionException, InterruptedException {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < records; i++) {
            sent.add(producer.send(new ProducerRecord<>("orders", new byte[100])));
        }
        producer.flush();
        RecordMetadata last = null;
        for (Future<RecordMetadata> each : sent) {
            last = each.get();
        }
        return last;
    }

    @ParameterizedTest
    @CsvSource({"all, none, 1", "all, lz4, 3", "1, none, 2", "1, gzip, 1", "0, lz4, 2", "0, none, 1"})
    void shouldTakeEveryRecordOfAPlainProducer(String acks, String compression, int brokers) throws Exception {
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 6).brokers(brokers).startInProcess()) {
            assertEquals(brokers, sink.bootstrapServers().split(",").length);
            Map<String, Object> properties = Map.of("acks", acks, "compression.type", compression, "linger.ms", 5);
            try (KafkaProducer<byte[], byte[]> producer = producer(sink, properties)) {
                assertEquals(6, producer.partitionsFor("orders").size());
                RecordMetadata last = send(producer, 20_000);
                assertEquals(!acks.equals("0"), last.hasOffset());
            }
            awaitRecords(sink, 20_000);
            SinkStats stats = sink.stats();
            assertEquals(20_000, stats.records());
            assertTrue(stats.connections() >= 1 && stats.requests() > stats.produceRequests(), stats.toString());
            assertTrue(stats.batches() >= stats.produceRequests() && stats.batches() <= 20_000, stats.toString());
            assertTrue(stats.recordBytes() > (compression.equals("none") ? 2_000_000 : 20_000), stats.toString());
            assertEquals(0, stats.broken());
        }
    }

    /** With acks=0 a record counts as sent before the sink has read it. */
    static void awaitRecords(SinkBroker sink, long records) {
        while (sink.stats().records() < records) {
            Thread.onSpinWait(); // the class's timeout ends it
            assertFalse(Thread.interrupted(), () -> sink.stats().toString());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 7, 8, 9, 11, 12, 13})
    void shouldSpeakOlderProduceRequests(int version) throws Exception {
        try (SinkBroker sink = SinkBroker.builder().anyTopic(2).maxProduceVersion(version).startInProcess();
             KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of("linger.ms", 0))) {
            assertEquals(999, sendTo(producer, "any name", 1, 1_000).offset());
            assertEquals(1_000, sink.stats().records());
            assertEquals(0, sink.stats().broken());
        }
    }

    private static RecordMetadata sendTo(KafkaProducer<byte[], byte[]> producer, String topic, int partition,
                                         int records)
            throws ExecutionException, InterruptedException {
        Future<RecordMetadata> last = null;
        for (int i = 0; i < records; i++) {
            last = producer.send(new ProducerRecord<>(topic, partition, null, new byte[10]));
        }
        return last.get();
    }

    @Test
    void shouldKeepOffsetsPerPartitionForALedgerToCheck() throws Exception {
        DeliveryLedger ledger = new DeliveryLedger();
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 2).brokers(2).startInProcess();
             KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of("linger.ms", 1))) {
            for (int i = 0; i < 2_000; i++) {
                long id = ledger.sending(i % 2, null);
                ledger.observe(id, i % 2, i / 2); // where it would be
                producer.send(new ProducerRecord<>("orders", i % 2, null, ledger.value(id, 20)), ledger.callback(id));
            }
            producer.flush();
        }
        assertEquals(2_000, ledger.report().assertClean().acknowledged());
    }

    @Test
    void shouldServeTwoThreadsAndTwoProducersAtOnce() throws Exception {
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 6).brokers(2).startInProcess();
             KafkaProducer<byte[], byte[]> shared = producer(sink, Map.of("compression.type", "lz4", "linger.ms", 2));
             KafkaProducer<byte[], byte[]> second = producer(sink, Map.of("linger.ms", 2))) {
            List<Throwable> errors = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (KafkaProducer<byte[], byte[]> producer : List.of(shared, shared, second)) {
                Thread thread = new Thread(() -> {
                    try {
                        send(producer, 20_000);
                    } catch (ExecutionException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
                thread.setUncaughtExceptionHandler((t, e) -> errors.add(e));
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), errors);
            assertEquals(60_000, sink.stats().records());
        }
    }

    /** Each acknowledgement is late by the delay, but they are late together. */
    @Test
    void shouldDelayAcknowledgementsSideBySide() throws Exception {
        try (SinkBroker sink = SinkBroker.builder().anyTopic(1).delay(Duration.ofMillis(80)).startInProcess();
             KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of("batch.size", 0, "linger.ms", 0,
                     "acks", "1", "enable.idempotence", false, "max.in.flight.requests.per.connection", 500))) {
            producer.partitionsFor("orders");
            long startNs = System.nanoTime();
            assertEquals(0, producer.send(new ProducerRecord<>("orders", new byte[1])).get().offset());
            assertTrue(System.nanoTime() - startNs >= 80_000_000);
            long before = sink.stats().produceRequests();
            startNs = System.nanoTime();
            assertEquals(400, send(producer, 400).offset());
            assertEquals(before + 400, sink.stats().produceRequests());
            assertTrue(System.nanoTime() - startNs < 16_000_000_000L, "one after the other they would take 32 s");
        }
    }

    @Test
    void shouldOnlyHaveTheTopicsNamedUnlessAnyExists() throws Exception {
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 1).startInProcess();
             KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of("max.block.ms", 300))) {
            assertThrows(TimeoutException.class, () -> producer.partitionsFor("others"));
            assertEquals(1, producer.partitionsFor("orders").size());
        }
        try (SinkBroker sink = SinkBroker.builder().startInProcess();
             KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of())) {
            assertEquals(1, producer.partitionsFor("whatever").size());
        }
    }

    @Test
    void shouldTakeBatchesOfSeveralMegabytes() throws Exception {
        try (SinkBroker sink = SinkBroker.builder().anyTopic(1).startInProcess();
             KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of("max.request.size", 16 << 20))) {
            int[] sizes = {10, 300 << 10, 5 << 20, 100, 14 << 20, 1 << 20, 200 << 10, 200 << 10, 100 << 10};
            for (int size : sizes) {
                producer.send(new ProducerRecord<>("orders", new byte[size]));
            }
            assertEquals(sizes.length, producer.send(new ProducerRecord<>("orders", new byte[3])).get().offset());
            assertEquals(sizes.length + 1, sink.stats().records());
        }
    }

    static KafkaConsumer<byte[], byte[]> consumer(SinkBroker sink, Map<String, Object> more) {
        Map<String, Object> properties = new HashMap<>(more);
        properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, sink.bootstrapServers());
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static List<TopicPartition> partitions(int count) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            partitions.add(new TopicPartition("orders", i));
        }
        return partitions;
    }

    @Test
    void shouldServeTheSameBatchOverAndOver() {
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 4).brokers(2).fetchRecords(100, 50)
                .startInProcess();
             KafkaConsumer<byte[], byte[]> consumer = consumer(sink, Map.of())) {
            consumer.assign(partitions(4));
            Map<Integer, Long> next = new HashMap<>();
            for (long read = 0; read < 500_000; ) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(10))) {
                    assertEquals(next.getOrDefault(record.partition(), 0L), record.offset());
                    next.put(record.partition(), record.offset() + 1);
                    assertEquals(50, record.value().length);
                    read++;
                }
            }
            assertEquals(4, next.size());
            assertEquals(0, sink.stats().broken());
            assertTrue(sink.stats().fetchedBytes() >= 500_000 * 50, sink.stats().toString());
            consumer.seek(new TopicPartition("orders", 1), 1_000_000_000_050L);
            consumer.assign(List.of(new TopicPartition("orders", 1)));
            assertEquals(1_000_000_000_050L, consumer.poll(Duration.ofSeconds(10)).iterator().next().offset());
        }
    }

    @Test
    void shouldEndWhereToldAndThenWait() {
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 3).fetchRecords(10, 5).fetchBatches(7)
                .startInProcess();
             KafkaConsumer<byte[], byte[]> consumer = consumer(sink, Map.of("fetch.max.wait.ms", 50))) {
            consumer.assign(partitions(3));
            consumer.endOffsets(partitions(3)).values().forEach(end -> assertEquals(70, end));
            consumer.beginningOffsets(partitions(3)).values().forEach(start -> assertEquals(0, start));
            Set<String> places = new HashSet<>();
            while (places.size() < 210) {
                consumer.poll(Duration.ofSeconds(10)).forEach(r -> places.add(r.partition() + "@" + r.offset()));
            }
            long fetches = sink.stats().fetchRequests();
            assertTrue(consumer.poll(Duration.ofMillis(300)).isEmpty());
            assertTrue(sink.stats().fetchRequests() - fetches <= 7, "an empty fetch waits");
        }
    }

    /** A batch that a producer made, with any compression. */
    @Test
    void shouldServeABatchOfTheTestsOwn() {
        byte[] batch = SinkOptions.uncompressedBatch(3, 4);
        batch[7] = 55; // the base offset is not under the CRC, and is replaced
        try (SinkBroker sink = SinkBroker.builder().topic("orders", 1).fetchBatch(batch).fetchBatches(2)
                .startInProcess();
             KafkaConsumer<byte[], byte[]> consumer = consumer(sink, Map.of())) {
            consumer.assign(partitions(1));
            List<Long> offsets = new ArrayList<>();
            while (offsets.size() < 6) {
                consumer.poll(Duration.ofSeconds(10)).forEach(record -> {
                    offsets.add(record.offset());
                    assertArrayEquals("abcd".getBytes(), record.value());
                });
            }
            assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), offsets);
        }
    }

    @Test
    void shouldCloseConnectionsThatSendNonsenseAndServeTheOthers() throws Exception {
        try (SinkBroker sink = SinkBroker.builder().anyTopic(1).startInProcess()) {
            int port = Integer.parseInt(sink.bootstrapServers().split(":")[1]);
            List<byte[]> nonsense = List.of("GET / HTTP/1.1\r\n\r\n".getBytes(),
                    new byte[] {0, 0, 0, 8, 0, 99, 0, 0, 0, 0, 0, 0},
                    new byte[] {-1, -1, -1, -1}, new byte[] {0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0, 0, 1});
            for (byte[] bytes : nonsense) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    socket.getOutputStream().write(bytes);
                    assertTrue(isClosed(socket));
                }
            }
            assertEquals(nonsense.size(), sink.stats().broken());
            try (KafkaProducer<byte[], byte[]> producer = producer(sink, Map.of())) {
                send(producer, 10);
            }
        }
    }

    private static boolean isClosed(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() == -1;
        } catch (SocketException e) {
            return true;
        }
    }

    @Test
    void shouldLeaveNoThreadAndNoPortWhenClosed() {
        SinkBroker sink = SinkBroker.builder().anyTopic(1).startInProcess();
        int port = Integer.parseInt(sink.bootstrapServers().split(":")[1]);
        assertTrue(hasThread("sink-broker-" + port));
        sink.close();
        sink.close();
        assertFalse(hasThread("sink-broker-" + port));
        assertThrows(IOException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }

    private static boolean hasThread(String name) {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals(name));
    }
}
