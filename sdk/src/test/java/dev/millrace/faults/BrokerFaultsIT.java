package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.NothingLeftBehind;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.KafkaCluster;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Brokers die, stand still, restart and lose their leadership while threads send: nothing is lost, nothing twice, all in order. */
@ExtendWith(NothingLeftBehind.class)
@Tag("faults")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class BrokerFaultsIT {

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

    @Test
    void shouldDeliverWhenLeadersAreKilledAndComeBack() throws Exception {
        int rounds = Length.current().pick(1, 10);
        new Scenario(cluster, "leader-killed").run(run -> {
            for (int i = 0; i < rounds; i++) {
                long retries = run.retries();
                int leader = run.anyLeader();
                int partition = partitionLedBy(run.topic(), leader);
                kafka.kill(leader);
                assertNotEquals(leader, kafka.awaitNewLeader(run.topic(), partition, leader));
                run.load().awaitMoreAcknowledged(5_000);
                kafka.start(leader);
                cluster.awaitInSync(run.topic(), FaultCluster.BROKERS);
                run.awaitRetriesBeyond(retries);
                run.awaitRound(i + 1, rounds);
            }
        }).assertDelivered().assertRetried().assertConnectionsLost(rounds);
    }

    private static int partitionLedBy(String topic, int leader) {
        for (int partition = 0; partition < Scenario.PARTITIONS; partition++)
            if (kafka.leaderOf(topic, partition) == leader)
                return partition;
        throw new IllegalStateException("broker " + leader + " leads no partition of " + topic);
    }

    /** Its session of 3 s ends, and with it its leadership, while it holds requests it may still serve. */
    @Test
    void shouldDeliverWhenLeaderStandsStillAndGoesOn() throws Exception {
        int rounds = Length.current().pick(1, 3);
        int pauseMs = Length.current().pick(5_000, 20_000);
        new Scenario(cluster, "leader-stopped").run(run -> {
            for (int i = 0; i < rounds; i++) {
                long retries = run.retries();
                int leader = run.anyLeader();
                int partition = partitionLedBy(run.topic(), leader);
                long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMs);
                kafka.pause(leader);
                try {
                    assertNotEquals(leader, kafka.awaitNewLeader(run.topic(), partition, leader));
                    Thread.sleep(Math.max(0, TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime())));
                } finally {
                    kafka.resume(leader);
                }
                run.load().awaitMoreAcknowledged(5_000);
                cluster.awaitInSync(run.topic(), FaultCluster.BROKERS);
                run.awaitRetriesBeyond(retries);
                run.awaitRound(i + 1, rounds);
            }
        }).assertDelivered().assertRetried().assertConnectionsLost(rounds);
    }

    /** Longer than request.timeout.ms, shorter than its session: requests are sent again to where they lie. */
    @Test
    void shouldDeliverWhenLeaderStandsStillForAMoment() throws Exception {
        int rounds = Length.current().pick(2, 20);
        new Scenario(cluster, "leader-hesitant").run(run -> {
            for (int i = 0; i < rounds; i++) {
                pause(run.anyLeader(), 1_500);
                run.load().awaitMoreAcknowledged(10_000);
                run.awaitRound(i + 1, rounds);
            }
        }).assertDelivered().assertRetried().assertConnectionsLost(1);
    }

    private static void pause(int broker, int ms) throws InterruptedException {
        kafka.pause(broker);
        try {
            Thread.sleep(ms);
        } finally {
            kafka.resume(broker);
        }
    }

    /** One replica in sync is too few: the broker refuses until records expire; it is over when the brokers are back. */
    @Test
    void shouldFailWhatExpiresWhenTwoOfThreeBrokersAreKilledAndRecover() throws Exception {
        int rounds = Length.current().pick(1, 3);
        int deliveryMs = Length.current().pick(5_000, 20_000);
        new Scenario(cluster, "two-of-three-killed", "delivery.timeout.ms", deliveryMs, "buffer.memory", 64 << 20).run(run -> {
            for (int i = 0; i < rounds; i++) {
                List<Integer> victims = new ArrayList<>(kafka.brokerIds());
                Collections.shuffle(victims, run.random());
                int survivor = victims.remove(0);
                victims.forEach(kafka::kill);
                cluster.awaitInSync(run.topic(), 1);
                assertEquals(survivor, kafka.leaderOf(run.topic(), 0));
                // All that is there to be refused now is refused.
                long retries = run.retries();
                run.load().awaitMoreFailed(run.load().sent() / 100);
                run.awaitRetriesBeyond(retries);
                victims.forEach(kafka::start);
                cluster.awaitInSync(run.topic(), FaultCluster.BROKERS);
                run.load().awaitMoreAcknowledged(20_000);
                run.awaitRound(i + 1, rounds);
            }
        }).assertKept().assertRetried().assertExpired();
    }

    /** Records fail, sequences are missing, and the producer takes a new epoch; what is acknowledged is in the log in order. */
    @Test
    void shouldKeepItsPromisesWhenRecordsExpire() throws Exception {
        int rounds = Length.current().pick(2, 10);
        new Scenario(cluster, "expired", "delivery.timeout.ms", 1_200, "request.timeout.ms", 600, "linger.ms", 10).run(run -> {
            for (int i = 0; i < rounds; i++) {
                pause(run.anyLeader(), 2_200);
                run.load().awaitMoreAcknowledged(10_000);
                run.awaitRound(i + 1, rounds);
            }
        }).assertKept().assertRetried().assertExpired();
        assertTrue(cluster.highestProducerEpoch("expired") > 0, "the producer's epoch was not raised");
    }

    /** Keys go to other partitions then; in each, they are in order. */
    @Test
    void shouldDeliverWhenPartitionsAreAddedAndLeadersMove() throws Exception {
        int rounds = Length.current().pick(1, 4);
        new Scenario(cluster, "partitions-added", "metadata.max.age.ms", 500).run(run -> {
            for (int i = 0; i < rounds; i++) {
                int partitions = Scenario.PARTITIONS + 3 * (i + 1);
                cluster.addPartitions(run.topic(), partitions);
                for (int partition = 0; partition < partitions; partition++) {
                    kafka.moveLeader(run.topic(), partition, kafka.leaderOf(run.topic(), partition) % FaultCluster.BROKERS + 1);
                    run.load().awaitMore(1_000);
                }
                SortedMap<Integer, Long> ends = kafka.endOffsets(run.topic());
                assertTrue(ends.get(partitions - 1) > 0, "no record went to a new partition: " + ends);
                run.awaitRound(i + 1, rounds);
            }
        }).assertDelivered(DeliveryFault.KEY_SPLIT).assertRetried();
    }

    @Test
    void shouldDeliverWhenBrokersRestartOneAfterTheOther() throws Exception {
        int restarts = Length.current().pick(1, 6);
        new Scenario(cluster, "rolled").run(run -> {
            int first = run.anyBroker();
            for (int i = 0; i < restarts; i++) {
                int broker = (first + i) % FaultCluster.BROKERS + 1;
                kafka.stop(broker);
                run.load().awaitMoreAcknowledged(2_000);
                kafka.start(broker);
                cluster.awaitInSync(run.topic(), FaultCluster.BROKERS);
                run.awaitRound(i + 1, restarts);
            }
        }).assertDelivered().assertRetried().assertConnectionsLost(restarts);
    }

    /**
     * What acks=1 allows: the leader dies with records that it alone had, and had acknowledged. The others, in sync by name, stand still
     * meanwhile, so that this happens for sure. Of a record that was sent twice the acknowledged copy may be the lost one.
     */
    @Test
    void shouldTellOfTheRecordsThatOneAcknowledgementLoses() throws Exception {
        Outcome outcome = new Scenario(cluster, "acks-1-leader-killed", "acks", "1").run(run -> {
            int leader = run.anyLeader();
            int partition = partitionLedBy(run.topic(), leader);
            List<Integer> others = kafka.brokerIds().stream().filter(broker -> broker != leader).toList();
            others.forEach(kafka::pause);
            try {
                // What others acknowledged before may lie in a socket; what this one does from now on, nobody else has.
                run.awaitAnswersOf(leader, 20);
                kafka.kill(leader);
            } finally {
                others.forEach(kafka::resume);
            }
            kafka.awaitNewLeader(run.topic(), partition, leader);
            run.load().awaitMoreAcknowledged(10_000);
        });
        outcome.assertKept(DeliveryFault.LOST, DeliveryFault.DUPLICATED, DeliveryFault.OUT_OF_ORDER_IN_KEY,
                DeliveryFault.OUT_OF_ORDER_IN_PARTITION, DeliveryFault.OFFSET_MISMATCH).assertConnectionsLost(1);
        assertTrue(outcome.report().count(DeliveryFault.LOST) > 0, "nothing was lost: the fault did not bite");
        assertEquals(Map.of(), outcome.report().failures());
    }
}
