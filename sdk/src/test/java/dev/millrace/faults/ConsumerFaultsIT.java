package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.NothingLeftBehind;
import dev.millrace.faults.HandledNotes.Kind;
import dev.millrace.faults.MemberRecords.Nature;
import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.KafkaCluster;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.GroupState;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Four parallel consumers in four processes, three brokers, twelve partitions: members, brokers, links and handlers fail, and each
 * record is handled, in the order of its key, not again but where a member was lost, and nothing is committed before it is done.
 */
@ExtendWith(NothingLeftBehind.class)
@Tag("faults")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class ConsumerFaultsIT {

    private static final int MEMBERS = ConsumerStage.MEMBERS;
    /** So many more show that it goes on. */
    private static final int SOME = 100;
    private static final String OFFSETS = "__consumer_offsets";

    private static ConsumerStage stage;
    private static FaultCluster cluster;
    private static KafkaCluster kafka;

    /** How a group shares partitions. */
    private enum Protocol {
        EAGER(RangeAssignor.class),
        COOPERATIVE(CooperativeStickyAssignor.class),
        /** KIP-848; the brokers say when a session ends. */
        CONSUMER(null);

        private final Class<?> assignor;

        Protocol(Class<?> assignor) {
            this.assignor = assignor;
        }

        /** @param sessionMs of classic groups */
        Object[] config(int sessionMs, Object... more) {
            Object[] own = this == CONSUMER ? new Object[] {"group.protocol", "consumer"}
                    : new Object[] {"group.protocol", "classic", "partition.assignment.strategy", assignor.getName(),
                            "session.timeout.ms", sessionMs, "heartbeat.interval.ms", 500};
            Object[] all = Arrays.copyOf(own, own.length + more.length);
            System.arraycopy(more, 0, all, own.length, more.length);
            return all;
        }
    }

    // In a short run a scenario has the protocol that says most; in a long one, all it makes sense with.

    static Stream<Protocol> consumerOrAll() {
        return protocols(Protocol.CONSUMER);
    }

    static Stream<Protocol> eagerOrAll() {
        return protocols(Protocol.EAGER);
    }

    static Stream<Protocol> cooperativeAndConsumerOrAll() {
        return protocols(Protocol.COOPERATIVE, Protocol.CONSUMER);
    }

    /** A cooperative group is stable while its members give up what is to move. */
    static Stream<Protocol> eagerOrConsumerToo() {
        return protocols(Protocol.EAGER).filter(protocol -> protocol != Protocol.COOPERATIVE);
    }

    private static Stream<Protocol> protocols(Protocol... inShort) {
        return Stream.of(Length.current() == Length.SHORT ? inShort : Protocol.values());
    }

    @BeforeAll
    static void start() throws Exception {
        stage = new ConsumerStage(Map.of());
        cluster = stage.cluster();
        kafka = cluster.kafka();
    }

    @AfterAll
    static void stop() {
        if (stage != null)
            stage.close();
    }

    @AfterEach
    void heal() {
        cluster.heal();
    }

    private static ConsumerRun run(String name, Object... config) throws Exception {
        cluster.createTopic(name, ConsumerRun.PARTITIONS);
        return new ConsumerRun(stage, name, config);
    }

    // ---------------------------------------------------------------- members come and go

    @ParameterizedTest
    @EnumSource
    void shouldKeepOrderWhenMembersJoinAndLeave(Protocol protocol) throws Exception {
        try (ConsumerRun run = run("join-leave-" + protocol, protocol.config(30_000)).feed()) {
            run.openAll(MEMBERS);
            int revokedFromOthers = 0;
            do {
                long roundNs = System.nanoTime();
                Member leaving = run.any();
                run.awaitHandledBy(leaving, SOME);
                run.close(leaving);
                run.awaitShared();
                run.awaitHandled(SOME);
                Member joining = run.open();
                run.awaitShared();
                run.awaitHandledBy(joining, SOME);
                revokedFromOthers = run.members().stream().mapToInt(member -> run.ledger().count(member, Kind.REVOKED)).sum();
                TimeUnit.NANOSECONDS.sleep(run.goesOn() ? Math.max(0, roundNs + TimeUnit.SECONDS.toNanos(5) - System.nanoTime()) : 0);
            } while (run.goesOn());
            run.finish().assertKept().assertDrained();
            assertTrue(revokedFromOthers > 0, "nobody had to give up a partition");
        }
    }

    // ---------------------------------------------------------------- kills

    @ParameterizedTest
    @MethodSource("consumerOrAll")
    void shouldLoseNothingWhenMembersAndBrokersAreKilled(Protocol protocol) throws Exception {
        try (ConsumerRun run = run("killed-" + protocol, protocol.config(6_000, "millrace.consumer.drain.timeout.ms", 4_000))
                .feed()) {
            run.openAll(MEMBERS);
            do {
                Member victim = run.any();
                run.awaitHandledBy(victim, SOME);
                run.kill(victim);
                run.awaitShared();
                Member next = run.open();
                killBroker(run, group(run).coordinator().id());
                // The coordinator leads partitions too, the first time; in a long run there is time for another one.
                if (run.goesOn())
                    killBroker(run, kafka.leaderOf(run.name(), run.random().nextInt(ConsumerRun.PARTITIONS)));
                run.awaitShared();
                run.awaitHandledBy(next, SOME);
            } while (run.goesOn());
            HandledReport report = run.finish().assertKept();
            assertTrue(report.orphaned > 0, "no partition was of a member that was killed");
        }
    }

    private static void killBroker(ConsumerRun run, int broker) throws Exception {
        int[] led = IntStream.range(0, ConsumerRun.PARTITIONS).filter(i -> kafka.leaderOf(run.name(), i) == broker).toArray();
        kafka.kill(broker);
        run.await("other leaders", () -> IntStream.of(led).noneMatch(i -> kafka.leaderOf(run.name(), i) == broker));
        run.await("another coordinator", () -> group(run).coordinator().id() != broker);
        run.awaitHandled(10 * SOME);
        kafka.start(broker);
        cluster.awaitInSync(run.name(), FaultCluster.BROKERS);
        cluster.awaitInSync(OFFSETS, FaultCluster.BROKERS);
    }

    private static ConsumerGroupDescription group(ConsumerRun run) throws ExecutionException, InterruptedException {
        return kafka.admin().describeConsumerGroups(List.of(run.name())).describedGroups().get(run.name()).get();
    }

    // ---------------------------------------------------------------- a member stands still

    @ParameterizedTest
    @MethodSource("cooperativeAndConsumerOrAll")
    void shouldCommitNothingAndGoOnWhenMemberStoodStillBeyondItsSession(Protocol protocol) throws Exception {
        try (ConsumerRun run = run("stopped-" + protocol, protocol.config(6_000, "millrace.consumer.drain.timeout.ms", 4_000)).feed()) {
            run.openAll(MEMBERS);
            do {
                Member victim = run.any();
                run.awaitHandledBy(victim, SOME);
                int lost = run.ledger().count(victim, Kind.LOST);
                victim.process().pause();
                try {
                    List<Member> others = run.members().stream().filter(member -> member != victim).toList();
                    run.await("the others have all", () -> run.ledger().isShared(others));
                    run.awaitHandled(10 * SOME);
                } finally {
                    victim.process().resume();
                }
                run.await("it sees that it lost its partitions", () -> run.ledger().count(victim, Kind.LOST) > lost);
                run.awaitShared();
                run.awaitHandledBy(victim, SOME);
            } while (run.goesOn());
            HandledReport report = run.finish().assertKept();
            assertTrue(report.lost > 0, "no partition was lost");
        }
    }

    // ---------------------------------------------------------------- handlers

    @ParameterizedTest
    @MethodSource("eagerOrAll")
    void shouldGoOnWhenHandlersThrowAndHangAndOutlastThePollInterval(Protocol protocol) throws Exception {
        int maxPollMs = 6_000;
        AtomicInteger never = new AtomicInteger();
        String dead = "handlers-dead-" + protocol;
        cluster.createTopic(dead, 1);
        try (ConsumerRun run = run("handlers-" + protocol, protocol.config(30_000, "max.poll.interval.ms", maxPollMs,
                "millrace.consumer.drain.timeout.ms", 2_000, "millrace.consumer.handler.timeout.ms", 1_000,
                "millrace.consumer.concurrency", 40, "test.dead", dead))) {
            run.feed(number -> {
                if (number % 2_000 == 17)
                    never.incrementAndGet();
                // A dozen hang.
                return number < 600 && number % 50 == 7 ? Nature.HANGS : number % 2_000 == 17 ? Nature.NEVER
                        : number % 500 == 3 ? Nature.BAD_DAY : Nature.PLAIN;
            });
            Member tied = run.open("test.hang", true);
            run.await("a handler is found to hang", () -> run.ledger().count(tied, Kind.HUNG) > 0);
            // Longer than the group would wait for a poll.
            TimeUnit.MILLISECONDS.sleep(maxPollMs + 1_000);
            run.awaitHandledBy(tied, SOME);
            assertEquals(0, run.ledger().count(tied, Kind.LOST) + run.ledger().count(tied, Kind.REVOKED),
                    "slow handlers cost the member its partitions");
            for (int i = 1; i < MEMBERS; i++)
                run.open();
            // Each of its partitions is drained in vain.
            run.awaitShared();
            run.awaitHandled(SOME);
            tied.process().tell("hands", "free");
            HandledReport report = run.finish().assertKept();
            assertTrue(report.longestNs > TimeUnit.MILLISECONDS.toNanos(maxPollMs), "no handler took longer than max.poll.interval.ms");
            assertTrue(report.overran > 0, "no handler was left behind by a drain");
            assertTrue(report.failures > 0, "no handler threw");
            assertEquals(never.get(), report.dead);
            assertTrue(report.duplicates <= report.overran, report.duplicates + " were handled again");
            try (TopicCounter letters = new TopicCounter(kafka.bootstrapServers(), dead, "read_uncommitted")) {
                assertEquals(never.get(), letters.all());
            }
        }
    }

    // ---------------------------------------------------------------- the coordinator can't be reached

    @ParameterizedTest
    @MethodSource("eagerOrAll")
    void shouldGoOnWhenCommitsTimeOutAndBrokerIsUnreachable(Protocol protocol) throws Exception {
        String name = "unreachable-" + protocol;
        // Longer than the coordinator is away, so that nobody is thrown out and nothing may come again.
        cluster.setSession(name, 60_000);
        try (ConsumerRun run = run(name, protocol.config(60_000, "request.timeout.ms", 3_000, "default.api.timeout.ms", 5_000)).feed()) {
            run.openAll(MEMBERS);
            do {
                run.awaitHandled(10 * SOME);
                int failed = failedCommits(run);
                FaultProxy proxy = coordinator(run);
                long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(Length.current().pick(10, 20));
                // Commits arrive, but nobody is told.
                proxy.blackHole(FaultProxy.Direction.TO_CLIENT);
                run.await("a commit fails", () -> failedCommits(run) > failed);
                proxy.blackHole(FaultProxy.Direction.TO_BROKER);
                // The partitions of the other two brokers.
                run.awaitHandled(10 * SOME);
                TimeUnit.NANOSECONDS.sleep(endNs - System.nanoTime());
                proxy.heal();
                // The feed's connection has to come back, too, or its records are given up some faults later.
                run.awaitWritten();
                run.awaitHandled(10 * SOME);
            } while (run.goesOn());
            HandledReport report = run.finish().assertKept();
            assertEquals(0, report.lost, "a member was thrown out");
        }
    }

    @ParameterizedTest
    @MethodSource("consumerOrAll")
    void shouldBeginWhereCommittedWhenThrownOutWhileTheCoordinatorWasAway(Protocol protocol) throws Exception {
        int sessionMs = 5_000;
        try (ConsumerRun run = run("thrown-out-" + protocol, protocol.config(sessionMs, "request.timeout.ms", 3_000,
                "default.api.timeout.ms", 4_000, "millrace.consumer.drain.timeout.ms", 2_000)).feed()) {
            run.openAll(MEMBERS);
            do {
                run.awaitHandled(10 * SOME);
                FaultProxy proxy = coordinator(run);
                int lost = lostPartitions(run);
                proxy.blackHole(FaultProxy.Direction.TO_CLIENT);
                proxy.blackHole(FaultProxy.Direction.TO_BROKER);
                run.await("the group is empty", () -> group(run).members().isEmpty());
                proxy.heal();
                run.await("each partition is lost", () -> lostPartitions(run) >= lost + ConsumerRun.PARTITIONS);
                run.awaitShared();
                // What was handled in vain comes again; one fault more before it is over, and it would come for ever.
                run.awaitCaughtUp();
            } while (run.goesOn());
            run.finish().assertKept();
        }
    }

    private static FaultProxy coordinator(ConsumerRun run) throws Exception {
        return cluster.proxies().get(group(run).coordinator().id() - 1);
    }

    private static int lostPartitions(ConsumerRun run) {
        return run.members().stream().mapToInt(member -> run.ledger().count(member, Kind.LOST)).sum();
    }

    private static int failedCommits(ConsumerRun run) {
        return logged(run.members(), "A commit failed");
    }

    // ---------------------------------------------------------------- closing

    @ParameterizedTest
    @MethodSource("eagerOrConsumerToo")
    void shouldLeaveNothingBehindWhenClosedAtAnyTime(Protocol protocol) throws Exception {
        try (ConsumerRun run = run("closed-" + protocol, protocol.config(60_000)).feed()) {
            do {
                closeWithMuchInFlight(run);
                closeWhileRecordsWaitForTheirRetry(run);
                closeWhileOthersRebalance(run);
                // Meanwhile the feed went on, and next to nothing was handled.
                while (run.members().size() < MEMBERS)
                    run.open();
                run.awaitCaughtUp();
                // The next round begins with none.
                for (Member member : run.members())
                    if (run.goesOn())
                        run.close(member);
            } while (run.goesOn());
            HandledReport report = run.finish().assertKept().assertDrained();
            assertTrue(report.failures >= SOME, "too few waited for a retry");
        }
    }

    private static void closeWithMuchInFlight(ConsumerRun run) throws Exception {
        Member member = run.open("test.gate", true);
        run.awaitShared();
        run.await("10,000 in flight", () -> run.inFlight(member) >= 10_000);
        run.beginClose(member);
        member.process().tell("gate", "open");
        run.awaitClosed(member);
    }

    private static void closeWhileRecordsWaitForTheirRetry(ConsumerRun run) throws Exception {
        Member member = run.open("test.fail", true);
        run.await("some wait for their retry", () -> run.ledger().count(member, Kind.FAILED) >= SOME);
        run.close(member);
        assertEquals(0, run.ledger().count(member, Kind.END));
    }

    /** A member that closes while it waits for its group, and one that does while the group waits for its handlers. */
    private static void closeWhileOthersRebalance(ConsumerRun run) throws Exception {
        List<Member> members = run.openAll(MEMBERS - 1);
        run.awaitHandled(10 * SOME);
        Member drains = members.get(0);
        Member waits = members.get(1);
        drains.process().tell("gate", "shut");
        int ended = run.ledger().count(drains, Kind.END);
        run.await("its handlers stand at the gate", () -> run.ledger().count(drains, Kind.START) > ended);
        run.open();
        run.await("a rebalance", () -> group(run).groupState() != GroupState.STABLE);
        run.beginClose(waits);
        run.beginClose(drains);
        assertNotEquals(GroupState.STABLE, group(run).groupState(), "the rebalance was over too early");
        drains.process().tell("gate", "open");
        run.awaitClosed(waits);
        run.awaitClosed(drains);
        run.awaitShared();
        run.awaitHandled(SOME);
    }

    private static int logged(List<Member> members, String text) {
        return members.stream().mapToInt(member -> member.process().logged(text)).sum();
    }
}
