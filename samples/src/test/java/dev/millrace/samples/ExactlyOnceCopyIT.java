package dev.millrace.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample under the fault it is there for: SIGKILL in the middle of its transactions. */
class ExactlyOnceCopyIT {
    private static final Path COPY = Path.of("bin/copy");
    private static final String WRITTEN = "written, not committed\n";
    private static final int KEYS = 40;
    private static final int INSTANCES = 2;
    private static final int KILLS = 6;
    /** Given as input before each kill, so that whoever is to be killed has something to do. */
    private static final int CHUNK = 4_000;

    @TempDir
    Path folder;

    private KafkaCluster cluster;
    private final Map<String, List<String>> expected = new HashMap<>();
    private int written;

    @Test
    void shouldRunWithoutAnything() throws IOException, InterruptedException {
        LaunchedProgram copy = LaunchedProgram.start(folder, COPY);
        assertEquals(0, copy.awaitExit(), copy::toString);
        // The producer may warn that a broker still ends the transaction before; that is no reason to abort one.
        assertTrue(copy.out().endsWith(", 1000 in all\n") && !copy.err().contains("again"), copy::toString);
    }

    @Test
    void shouldSayThatItCannotGoOn() throws IOException, InterruptedException {
        LaunchedProgram copy = LaunchedProgram.start(folder, COPY, "--bootstrap-server", "no-such-host.invalid:1");
        assertEquals(1, copy.awaitExit(), copy::toString);
        assertTrue(copy.err().contains("copy: ") && copy.err().contains("bootstrap"), copy::toString);
    }

    @Test
    void shouldCopyExactlyOnceHoweverOftenItIsKilled() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int inTransaction = 0;
        int abortedByInstances = 0;
        try (KafkaCluster started = KafkaCluster.builder().start()) {
            cluster = started;
            cluster.createTopic("quiet", 3, 1);
            cluster.createTopic("loud", 4, 1);
            LaunchedProgram[] running = new LaunchedProgram[INSTANCES];
            for (int i = 0; i < INSTANCES; i++) {
                running[i] = launch(i, 0);
            }
            awaitShared();
            for (int kill = 0; kill < KILLS; kill++) {
                write(CHUNK);
                LaunchedProgram victim = running[kill % INSTANCES];
                // In its first transaction, or in one after some that were committed.
                int committedBefore = random.nextInt(2);
                victim.await(() -> victim.out().endsWith(WRITTEN)
                        && victim.out().lines().filter(line -> line.startsWith("committed")).count() >= committedBefore);
                victim.kill();
                // It went on while this test got to its kill, so it may just have committed; who says nothing did not.
                inTransaction += victim.out().endsWith(WRITTEN) ? 1 : 0;
                abortedByInstances += aborted(victim);
                running[kill % INSTANCES] = launch(kill % INSTANCES, kill + 1);
            }
            awaitAllCopied();
            for (LaunchedProgram instance : running) {
                instance.terminate();
                assertEquals(143, instance.awaitExit(), instance::toString);
                abortedByInstances += aborted(instance);
            }
            long committed = verify();
            long all = read("read_uncommitted").size();
            System.out.printf("copied %,d records exactly once; %d kills, %d of them in the middle of a transaction, which the"
                    + " successor aborted; %d transactions aborted by their own instance; %,d records of aborted transactions in"
                    + " the log; seed %d%n",
                    committed, KILLS, inTransaction, abortedByInstances, all - committed, seed);
            assertTrue(inTransaction >= KILLS / 2, inTransaction + " of " + KILLS + " kills met a transaction, seed " + seed);
            assertTrue(all > committed, "nothing was aborted; seed " + seed);
        }
    }

    private LaunchedProgram launch(int instance, int life) throws IOException {
        return LaunchedProgram.start(folder.resolve("instance-" + instance + "-life-" + life), COPY, "--bootstrap-server",
                cluster.bootstrapServers(), "--instance", "instance-" + instance, "--slow", "250");
    }

    /**
     * Until each instance has partitions, or one could copy all there is before another begins. From then on they keep what they
     * have: the group waits longer for an instance that died than its successor needs.
     */
    private void awaitShared() throws InterruptedException, ExecutionException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        ConsumerGroupDescription group;
        do {
            assertTrue(System.nanoTime() - deadlineNs < 0, "the instances did not share the work");
            TimeUnit.MILLISECONDS.sleep(50);
            group = describe();
        } while (group == null || group.members().size() < INSTANCES
                || group.members().stream().anyMatch(member -> member.assignment().topicPartitions().isEmpty()));
    }

    /** Null when there is no such group yet. */
    private ConsumerGroupDescription describe() throws InterruptedException, ExecutionException {
        try {
            return cluster.admin().describeConsumerGroups(List.of("copy")).describedGroups().get("copy").get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return null;
            }
            throw e;
        }
    }

    private static int aborted(LaunchedProgram instance) {
        return (int) instance.err().lines().filter(line -> line.contains("was aborted")).count();
    }

    private void write(int count) {
        try (Producer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", cluster.bootstrapServers()),
                new StringSerializer(), new StringSerializer())) {
            for (int end = written + count; written < end; written++) {
                String key = "key-" + written % KEYS;
                String value = "value-" + written;
                producer.send(new ProducerRecord<>("quiet", key, value));
                expected.computeIfAbsent(key, any -> new ArrayList<>()).add(value.toUpperCase(Locale.ROOT));
            }
        }
    }

    private void awaitAllCopied() throws InterruptedException, ExecutionException {
        Map<Integer, Long> ends = cluster.endOffsets("quiet");
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of();
        while (System.nanoTime() - deadlineNs < 0) {
            offsets = cluster.admin().listConsumerGroupOffsets("copy").partitionsToOffsetAndMetadata().get();
            Map<TopicPartition, OffsetAndMetadata> found = offsets;
            if (ends.entrySet().stream().allMatch(end -> {
                OffsetAndMetadata offset = found.get(new TopicPartition("quiet", end.getKey()));
                return offset != null && offset.offset() == end.getValue();
            })) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new AssertionError("not all was copied: " + offsets + " of " + ends);
    }

    /** Nothing missing, nothing twice, the order of each key kept. Returns how many records there are. */
    private long verify() {
        Map<String, List<String>> found = new HashMap<>();
        Map<String, Integer> partitionOf = new HashMap<>();
        List<ConsumerRecord<String, String>> records = read("read_committed");
        for (ConsumerRecord<String, String> record : records) {
            found.computeIfAbsent(record.key(), any -> new ArrayList<>()).add(record.value());
            assertEquals(record.partition(), partitionOf.computeIfAbsent(record.key(), any -> record.partition()));
        }
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((key, values) -> assertSame(key, values, found.get(key)));
        assertEquals(written, records.size());
        return records.size();
    }

    /** Tells the first difference alone, out of thousands of values. */
    private static void assertSame(String key, List<String> expected, List<String> found) {
        for (int i = 0; i < Math.min(expected.size(), found.size()); i++) {
            assertEquals(expected.get(i), found.get(i), "record " + i + " of " + key);
        }
        assertEquals(expected.size(), found.size(), "records of " + key);
    }

    private List<ConsumerRecord<String, String>> read(String isolationLevel) {
        // The log's own ends: a read_committed consumer's are lower until the markers of the last transaction are written.
        Map<TopicPartition, Long> ends = new HashMap<>();
        cluster.endOffsets("loud").forEach((partition, end) -> ends.put(new TopicPartition("loud", partition), end));
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (Consumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", cluster.bootstrapServers(),
                "isolation.level", isolationLevel), new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(ends.keySet());
            consumer.seekToBeginning(ends.keySet());
            long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                assertTrue(System.nanoTime() - deadlineNs < 0, () -> "could not read up to " + ends);
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        return records;
    }
}
