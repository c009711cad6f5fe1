package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.NothingLeftBehind;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.FaultProxy.Direction;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections are cut, slow, refused and swallowed while threads send; then everything at once. Nothing is lost, twice or out of order. */
@ExtendWith(NothingLeftBehind.class)
@Tag("faults")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class LinkFaultsIT {

    private static FaultCluster cluster;

    @BeforeAll
    static void start() {
        cluster = FaultCluster.proxied();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static FaultProxy anyProxy(Scenario run) {
        return cluster.proxies().get(run.anyBroker() - 1);
    }

    @Test
    void shouldDeliverWhenConnectionsAreCutAtRandom() throws Exception {
        int cuts = Length.current().pick(5, 50);
        new Scenario(cluster, "cut").run(run -> cutAtRandom(run, cuts)).assertDelivered().assertRetried().assertConnectionsLost(cuts / 2);
    }

    /**
     * Once a second on average, one broker's connections or all; a connection that is being made again may not be there to be cut.
     * Goes on until a cut fell upon a request that was on its way: few may fall between two requests, all of them.
     */
    private static void cutAtRandom(Scenario run, int cuts) throws InterruptedException {
        for (int i = 0; i < cuts || run.retries() == 0; i++) {
            assertTrue(i < cuts + 100, "no cut fell upon a request on its way: the fault did not bite");
            Thread.sleep(run.random().nextInt(i < cuts ? 2_000 : 200));
            if (run.random().nextBoolean())
                anyProxy(run).cutAll();
            else
                cluster.proxies().forEach(FaultProxy::cutAll);
            run.load().awaitMoreAcknowledged(100);
        }
    }

    /** 100 ms there and back: when such a link is cut, many requests and answers are under way. */
    @Test
    void shouldDeliverOverASlowLinkThatIsCut() throws Exception {
        int cuts = Length.current().pick(5, 50);
        Outcome outcome = new Scenario(cluster, "cut-far", "request.timeout.ms", 2_000).run(run -> {
            cluster.proxies().forEach(proxy -> proxy.delay(Duration.ofMillis(50), Duration.ofMillis(50)));
            run.load().awaitMoreAcknowledged(run.length().records() / 10);
            cutAtRandom(run, cuts);
        });
        outcome.assertDelivered().assertRetried().assertConnectionsLost(cuts / 2);
        assertTrue(outcome.metric("request-latency-max") >= 100, outcome.metrics()::toString);
    }

    /** Requests arrive, answers do not: what the client sends again is in the log already. */
    @Test
    void shouldDeliverWhenAnswersAreLost() throws Exception {
        int rounds = Length.current().pick(3, 20);
        new Scenario(cluster, "unanswered").run(run -> {
            for (int i = 0; i < rounds; i++) {
                long retries = run.retries();
                FaultProxy proxy = cluster.proxies().get(run.anyLeader() - 1);
                proxy.blackHole(Direction.TO_CLIENT);
                // Until the client has given the connection up, and those that it opened then.
                Thread.sleep(1_200 + run.random().nextInt(1_500));
                proxy.heal();
                run.load().awaitMoreAcknowledged(5_000);
                run.awaitRetriesBeyond(retries);
                run.awaitRound(i + 1, rounds);
            }
        }).assertDelivered().assertRetried().assertConnectionsLost(rounds);
    }

    @Test
    void shouldDeliverWhenNobodyListensForAWhile() throws Exception {
        int rounds = Length.current().pick(3, 20);
        new Scenario(cluster, "refused").run(run -> {
            for (int i = 0; i < rounds; i++) {
                cluster.proxies().forEach(proxy -> proxy.refuse(true));
                cluster.proxies().forEach(FaultProxy::cutAll);
                Thread.sleep(200 + run.random().nextInt(800));
                cluster.proxies().forEach(proxy -> proxy.refuse(false));
                run.load().awaitMoreAcknowledged(5_000);
                run.awaitRound(i + 1, rounds);
            }
        }).assertDelivered().assertRetried().assertConnectionsLost(rounds);
    }

    /** Every kind of fault, with no memory to spare: threads are held back, and go on. */
    @Test
    void shouldDeliverWithOneMebibyteOfMemoryUnderEveryFault() throws Exception {
        int rounds = Length.current().pick(1, 4);
        Outcome outcome = new Scenario(cluster, "small-memory", "buffer.memory", 1 << 20, "metadata.max.age.ms", 500).run(run -> {
            RandomFaults faults = new RandomFaults(run.cluster(), run.topic(), run.random());
            for (int i = 0; i < rounds; i++) {
                for (RandomFaults.Kind kind : faults.allInRandomOrder()) {
                    // A killed broker takes long enough to come back, and one that hesitates shows enough of one that stands still.
                    if (run.length() == Length.SHORT && (kind == RandomFaults.Kind.RESTART || kind == RandomFaults.Kind.STAND_STILL))
                        continue;
                    faults.make(kind);
                    run.load().awaitMoreAcknowledged(2_000);
                }
                run.awaitRound(i + 1, rounds);
            }
        });
        outcome.assertDelivered(DeliveryFault.KEY_SPLIT).assertRetried().assertConnectionsLost(5);
        assertTrue(outcome.metric("bufferpool-wait-time-ns-total") > 0, "memory was never short");
    }

    /** What acks=1 without idempotence allows when connections are cut: copies, and disorder; no loss. */
    @Test
    void shouldTellOfCopiesWithOneAcknowledgement() throws Exception {
        int cuts = Length.current().pick(5, 50);
        new Scenario(cluster, "acks-1-cut", "acks", "1").run(run -> cutAtRandom(run, cuts))
                .assertDelivered(DeliveryFault.DUPLICATED, DeliveryFault.OUT_OF_ORDER_IN_KEY, DeliveryFault.OUT_OF_ORDER_IN_PARTITION)
                .assertRetried().assertConnectionsLost(cuts / 2);
    }

    /** What acks=0 allows: that records called sent went nowhere. */
    @Test
    void shouldTellOfRecordsLostWithoutAcknowledgements() throws Exception {
        int rounds = Length.current().pick(3, 20);
        Outcome outcome = new Scenario(cluster, "acks-0-swallowed", "acks", "0").run(run -> {
            for (int i = 0; i < rounds; i++) {
                FaultProxy proxy = cluster.proxies().get(run.anyLeader() - 1);
                proxy.blackHole(Direction.TO_BROKER);
                run.load().awaitMoreAcknowledged(5_000);
                proxy.heal();
                run.load().awaitMoreAcknowledged(5_000);
                run.awaitRound(i + 1, rounds);
            }
        });
        outcome.assertKept(DeliveryFault.LOST, DeliveryFault.DUPLICATED, DeliveryFault.OUT_OF_ORDER_IN_KEY,
                DeliveryFault.OUT_OF_ORDER_IN_PARTITION).assertConnectionsLost(rounds);
        assertTrue(outcome.report().count(DeliveryFault.LOST) > 0, "nothing was lost: the fault did not bite");
        assertEquals(Map.of(), outcome.report().failures());
    }
}
