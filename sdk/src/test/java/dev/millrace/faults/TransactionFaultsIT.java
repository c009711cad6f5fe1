package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.Client;
import dev.millrace.NothingLeftBehind;
import dev.millrace.TestConfig;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryLedger;
import dev.millrace.testkit.DeliveryReport;
import dev.millrace.testkit.KafkaCluster;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Read, write and commit in transactions while coordinators and the program itself are killed, and while a zombie wakes up: a reader
 * of committed records sees each input once, and in order. With groups of both protocols (KIP-848).
 */
@ExtendWith(NothingLeftBehind.class)
@Tag("faults")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class TransactionFaultsIT {

    private static final int PARTITIONS = 3;
    private static final int KEYS = 500;
    private static final int VALUE_SIZE = 100;
    private static final int FENCED = 3;
    private static final String CLIENT = System.getProperty("millrace.faults.client", "MILLRACE");

    private static FaultCluster cluster;
    private static KafkaCluster kafka;

    @BeforeAll
    static void start() {
        cluster = FaultCluster.direct();
        kafka = cluster.kafka();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldCopyEachRecordOnce(String groupProtocol) throws Exception {
        long startNs = System.nanoTime();
        int records = Length.current().pick(50_000, 200_000);
        int kills = Length.current().pick(1, 5);
        String input = "in-" + groupProtocol;
        String output = "out-" + groupProtocol;
        cluster.createTopic(input, PARTITIONS);
        cluster.createTopic(output, PARTITIONS);
        DeliveryLedger ledger = new DeliveryLedger();
        fill(input, records, ledger);
        List<String> args = List.of(kafka.bootstrapServers(), input, output, "copy-" + groupProtocol, groupProtocol, CLIENT);
        Random random = new Random(Long.getLong("millrace.faults.seed", 1));

        CopyProcess copy = CopyProcess.start(args);
        CopyProcess zombie = null;
        int share = records / (2 * kills + 2);
        try (TopicCounter copied = new TopicCounter(kafka.bootstrapServers(), output, "read_committed")) {
            for (int i = 0; i < kills; i++) {
                awaitMore(copy, copied, share);
                int coordinator = coordinator(args.get(3));
                kafka.kill(coordinator);
                awaitMore(copy, copied, share / 4);
                kafka.start(coordinator);
                cluster.awaitInSync(output, FaultCluster.BROKERS);

                awaitMore(copy, copied, share / 2);
                TimeUnit.MILLISECONDS.sleep(random.nextInt(100)); // Somewhere in a transaction.
                copy.close();
                copy = CopyProcess.start(args);
            }
            awaitMore(copy, copied, share / 2);
            zombie = copy;
            while (zombie.count("committed") == 0)
                awaitMore(zombie, copied, 1);
            zombie.pause();
            copy = CopyProcess.start(args);
            awaitMore(copy, copied, share / 4);
            zombie.resume();
            // It may have been between two transactions: sooner or later it begins one.
            long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (zombie.isAlive() && System.nanoTime() - deadlineNs < 0) {
                fill(input, 1_000, ledger);
                records += 1_000;
                awaitSeen(copy, copied, records);
            }
            assertEquals(FENCED, zombie.awaitEnd(0), zombie::tail);
            awaitSeen(copy, copied, records);
        } finally {
            copy.close();
            if (zombie != null)
                zombie.close();
            cluster.heal();
        }

        DeliveryReport report = ledger.verify(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "isolation.level", "read_committed"), output);
        long written = written(output);
        System.out.printf(Locale.ROOT, "LEDGER exactly-once, %s group (%s): inputs %,d, seen %,d, lost %,d, dup %,d, out of order %,d,"
                        + " records of aborted transactions %,d, coordinator kills %d, client kills %d, zombies fenced 1, %.1f s%n",
                groupProtocol, CLIENT.toLowerCase(Locale.ROOT), records, report.observed(), report.count(DeliveryFault.LOST),
                report.count(DeliveryFault.DUPLICATED), report.count(DeliveryFault.OUT_OF_ORDER_IN_KEY), written - records, kills,
                kills, (System.nanoTime() - startNs) / 1e9);
        report.assertClean();
        assertEquals(records, report.observed());
        assertTrue(written > records, "no transaction was aborted in its middle: the faults did not bite");
    }

    /** What the copy's readers are to see is what this writes. */
    private static void fill(String topic, int records, DeliveryLedger ledger) {
        try (Producer<byte[], byte[]> producer = Client.KAFKA.producer(TestConfig.bytes(kafka, "compression.type", "lz4"))) {
            for (int i = 0; i < records; i++) {
                byte[] key = ("key-" + i % KEYS).getBytes();
                long id = ledger.sending(0, null, key);
                producer.send(new ProducerRecord<>(topic, key, ledger.value(id, VALUE_SIZE)), (metadata, e) -> {
                    if (e == null)
                        ledger.acked(id, metadata.partition(), -1); // its offset in the copy is another
                    else
                        ledger.failed(id, e);
                });
            }
        }
    }

    private static int coordinator(String transactionalId) throws ExecutionException, InterruptedException {
        return kafka.admin().describeTransactions(List.of(transactionalId)).description(transactionalId).get().coordinatorId();
    }

    private static void awaitMore(CopyProcess copy, TopicCounter copied, long more) {
        awaitSeen(copy, copied, copied.seen() + more);
    }

    private static void awaitSeen(CopyProcess copy, TopicCounter copied, long records) {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (copied.seen() < records) {
            if (!copy.isAlive() || System.nanoTime() - deadlineNs > 0)
                throw new IllegalStateException((copy.isAlive() ? "waited in vain for " : "ended before there were ") + records
                        + " committed records, there are " + copied.seen() + "\n" + copy.tail());
        }
    }

    private static long written(String output) {
        try (TopicCounter written = new TopicCounter(kafka.bootstrapServers(), output, "read_uncommitted")) {
            return written.all();
        }
    }
}
