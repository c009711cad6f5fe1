package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.NothingLeftBehind;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryReport;
import dev.millrace.testkit.KafkaCluster;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two transactional consumers of a group, in processes of their own, are killed in the middle of their transactions, before and behind
 * their offsets, and so are the brokers that coordinate these: a reader of committed records sees what came of each record once, and in the
 * order of its key.
 */
@ExtendWith(NothingLeftBehind.class)
@Tag("faults")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class TransactionalConsumerFaultsIT {

    private static final int PARTITIONS = 6;
    private static final int MEMBERS = 2;
    private static final int SOME = 3;

    private static FaultCluster cluster;
    private static KafkaCluster kafka;

    private final List<CopyProcess> members = new ArrayList<>();
    private final List<List<String>> args = new ArrayList<>();
    private int memberKills;
    private int coordinatorKills;

    @BeforeAll
    static void start() {
        cluster = FaultCluster.direct();
        kafka = cluster.kafka();
    }

    static Stream<String> protocols() {
        return Length.current() == Length.SHORT ? Stream.of("consumer") : Stream.of("classic", "consumer");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @MethodSource("protocols")
    void shouldHandleEachRecordOnceWhileMembersAndCoordinatorsAreKilled(String groupProtocol) throws Exception {
        long startNs = System.nanoTime();
        String input = "read-" + groupProtocol;
        String output = "written-" + groupProtocol;
        cluster.createTopic(input, PARTITIONS);
        cluster.createTopic(output, PARTITIONS);
        int records;
        DeliveryReport report;
        try (CopyFeed feed = new CopyFeed(kafka, input, Length.current().pick(100, 20));
                TopicCounter written = new TopicCounter(kafka.bootstrapServers(), output, "read_committed")) {
            for (int i = 0; i < MEMBERS; i++) {
                args.add(List.of(kafka.bootstrapServers(), input, output, "group-" + groupProtocol, "member-" + groupProtocol + i,
                        groupProtocol));
                members.add(CopyProcess.start(TransactionalMemberMain.class, args.get(i)));
            }
            for (int round = 0; round < Length.current().pick(1, 6); round++) {
                awaitAll();
                killInTransactions(round % MEMBERS);
                killCoordinator(round % MEMBERS, output);
            }
            awaitAll();
            records = feed.stopAfter(Length.current().pick(60_000, 2_000_000));
            awaitSeen(written, records);
            report = feed.ledger().verify(
                    Map.of("bootstrap.servers", kafka.bootstrapServers(), "isolation.level", "read_committed"), output);
        } finally {
            members.forEach(CopyProcess::close);
            cluster.heal();
        }
        long all = written(output);
        System.out.printf(Locale.ROOT, "LEDGER transactional consumer, %s group: inputs %,d, seen %,d, lost %,d, dup %,d, out of order %,d,"
                        + " records of aborted transactions %,d, members killed in a transaction %d, coordinators killed %d, %.1f s%n",
                groupProtocol, records, report.observed(), report.count(DeliveryFault.LOST), report.count(DeliveryFault.DUPLICATED),
                report.count(DeliveryFault.OUT_OF_ORDER_IN_KEY), all - records, memberKills, coordinatorKills,
                (System.nanoTime() - startNs) / 1e9);
        // Keys overtake each other.
        report.assertClean(DeliveryFault.OUT_OF_ORDER_IN_PARTITION);
        assertEquals(records, report.observed());
        assertTrue(all > records, "no transaction was aborted in its middle: the faults did not bite");
    }

    /** One with outputs written and not committed, the other one behind its offsets as well; others with their ids go on. */
    private void killInTransactions(int first) throws Exception {
        for (int i = 0; i < MEMBERS; i++)
            members.get((first + i) % MEMBERS).tell(i == 0 ? 'h' : 'o');
        for (CopyProcess victim : members)
            victim.awaitLine("holding");
        for (int i = 0; i < MEMBERS; i++) {
            members.get(i).close();
            memberKills++;
            members.set(i, CopyProcess.start(TransactionalMemberMain.class, args.get(i)));
        }
        awaitAll();
    }

    private void killCoordinator(int member, String output) throws Exception {
        String transactionalId = args.get(member).get(4);
        int coordinator = coordinator(transactionalId);
        kafka.kill(coordinator);
        awaitAll();
        assertNotEquals(coordinator, coordinator(transactionalId), "the coordinator is where it was: the fault did not bite");
        coordinatorKills++;
        kafka.start(coordinator);
        cluster.awaitInSync(output, FaultCluster.BROKERS);
    }

    private void awaitAll() throws InterruptedException {
        for (CopyProcess member : members)
            member.awaitCommits(SOME);
    }

    private static int coordinator(String transactionalId) throws ExecutionException, InterruptedException {
        return kafka.admin().describeTransactions(List.of(transactionalId)).description(transactionalId).get().coordinatorId();
    }

    private void awaitSeen(TopicCounter written, long records) {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (written.seen() < records) {
            boolean alive = members.stream().allMatch(CopyProcess::isAlive);
            if (!alive || System.nanoTime() - deadlineNs > 0)
                throw new IllegalStateException((alive ? "waited in vain for " : "a member ended before there were ") + records
                        + " committed records, there are " + written.seen() + "\n" + members.get(0).tail() + "\n" + members.get(1).tail());
        }
    }

    private static long written(String output) {
        try (TopicCounter written = new TopicCounter(kafka.bootstrapServers(), output, "read_uncommitted")) {
            return written.all();
        }
    }
}
