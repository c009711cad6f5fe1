package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.NothingLeftBehind;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryReport;
import dev.millrace.testkit.KafkaCluster;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
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
    /** So many transactions more show that the copy goes on. */
    private static final int SOME = 3;
    private static final int FENCED = 3;
    private static final long SEED = Long.getLong("millrace.faults.seed", new Random().nextInt(1_000_000));
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
        int kills = Length.current().pick(1, 5);
        String input = "in-" + groupProtocol;
        String output = "out-" + groupProtocol;
        cluster.createTopic(input, PARTITIONS);
        cluster.createTopic(output, PARTITIONS);
        List<String> args = List.of(kafka.bootstrapServers(), input, output, "copy-" + groupProtocol, groupProtocol, CLIENT);
        Random random = new Random(SEED);

        int records;
        DeliveryReport report;
        CopyProcess copy = CopyProcess.start(args);
        CopyProcess zombie = null;
        try (CopyFeed feed = new CopyFeed(kafka, input);
                TopicCounter copied = new TopicCounter(kafka.bootstrapServers(), output, "read_committed")) {
            for (int i = 0; i < kills; i++) {
                copy.awaitCommits(SOME);
                int coordinator = coordinator(args.get(3));
                kafka.kill(coordinator);
                copy.awaitCommits(SOME);
                kafka.start(coordinator);
                cluster.awaitInSync(output, FaultCluster.BROKERS);
                copy.awaitCommits(SOME);
                TimeUnit.MILLISECONDS.sleep(random.nextInt(100)); // Somewhere in a transaction.
                copy.close();
                copy = CopyProcess.start(args);
            }
            copy.awaitCommits(SOME);
            zombie = copy;
            zombie.pause();
            copy = CopyProcess.start(args);
            copy.awaitCommits(SOME);
            zombie.resume();
            // It may have been between two transactions: sooner or later it begins one.
            assertEquals(FENCED, zombie.awaitEnd(120), zombie::tail);
            records = feed.stopAfter(Length.current().pick(100_000, 200_000));
            awaitSeen(copy, copied, records);
            report = feed.ledger().verify(
                    Map.of("bootstrap.servers", kafka.bootstrapServers(), "isolation.level", "read_committed"), output);
        } finally {
            copy.close();
            if (zombie != null)
                zombie.close();
            cluster.heal();
        }
        long written = written(output);
        System.out.printf(Locale.ROOT, "LEDGER exactly-once, %s group (%s): inputs %,d, seen %,d, lost %,d, dup %,d, out of order %,d,"
                        + " records of aborted transactions %,d, coordinator kills %d, client kills %d, zombies fenced 1, %.1f s, seed %d%n",
                groupProtocol, CLIENT.toLowerCase(Locale.ROOT), records, report.observed(), report.count(DeliveryFault.LOST),
                report.count(DeliveryFault.DUPLICATED), report.count(DeliveryFault.OUT_OF_ORDER_IN_KEY), written - records, kills,
                kills, (System.nanoTime() - startNs) / 1e9, SEED);
        report.assertClean();
        assertEquals(records, report.observed());
        // That the faults bite is shown by the zombie, which was fenced. A few kills may all come between two transactions.
        assertTrue(written > records || Length.current() == Length.SHORT, "no transaction was aborted in its middle: the faults did not bite");
    }

    private static int coordinator(String transactionalId) throws ExecutionException, InterruptedException {
        return kafka.admin().describeTransactions(List.of(transactionalId)).description(transactionalId).get().coordinatorId();
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
