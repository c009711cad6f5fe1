package dev.millrace.faults;

import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.FaultProxy.Direction;
import dev.millrace.testkit.KafkaCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes faults of a cluster with proxies, one at a time, each over when the method returns. For the test's thread. */
final class RandomFaults {

    private static final int MAX_PARTITIONS = 24;

    private final FaultCluster cluster;
    private final KafkaCluster kafka;
    private final String topic;
    private final Random random;
    private final Map<Kind, Integer> made = new EnumMap<>(Kind.class);

    enum Kind { KILL, RESTART, STAND_STILL, HESITATE, CUT_ONE, CUT_ALL, REFUSE, SLOW, STALL, SWALLOW_REQUESTS, SWALLOW_ANSWERS, MOVE_LEADERS,
        ADD_PARTITIONS }

    RandomFaults(FaultCluster cluster, String topic, Random random) {
        this.cluster = cluster;
        this.kafka = cluster.kafka();
        this.topic = topic;
        this.random = random;
    }

    List<Kind> allInRandomOrder() {
        List<Kind> kinds = new ArrayList<>(List.of(Kind.values()));
        Collections.shuffle(kinds, random);
        return kinds;
    }

    void makeAny() throws InterruptedException {
        make(Kind.values()[random.nextInt(Kind.values().length)]);
    }

    /** How many of each kind were made. */
    Map<Kind, Integer> made() {
        return made;
    }

    void make(Kind kind) throws InterruptedException {
        made.merge(kind, 1, Integer::sum);
        int broker = 1 + random.nextInt(FaultCluster.BROKERS);
        FaultProxy proxy = cluster.proxies().get(broker - 1);
        switch (kind) {
            case KILL -> {
                kafka.kill(broker);
                sleep(500, 5_000);
                restart(broker);
            }
            case RESTART -> {
                kafka.stop(broker);
                restart(broker);
            }
            case STAND_STILL -> standStill(broker, 4_000, 8_000);
            case HESITATE -> standStill(broker, 500, 2_500);
            case CUT_ONE -> proxy.cutAll();
            case CUT_ALL -> cluster.proxies().forEach(FaultProxy::cutAll);
            case REFUSE -> {
                proxy.refuse(true);
                proxy.cutAll();
                sleep(200, 2_000);
            }
            case SLOW -> {
                cluster.proxies().forEach(link -> link.delay(Duration.ofMillis(50), Duration.ofMillis(50)));
                sleep(500, 2_000);
                proxy.cutAll();
            }
            case STALL -> {
                proxy.stall(random.nextBoolean() ? Direction.TO_BROKER : Direction.TO_CLIENT);
                sleep(500, 3_000);
            }
            case SWALLOW_REQUESTS -> {
                proxy.blackHole(Direction.TO_BROKER);
                sleep(500, 3_000);
            }
            case SWALLOW_ANSWERS -> {
                proxy.blackHole(Direction.TO_CLIENT);
                sleep(500, 3_000);
            }
            case MOVE_LEADERS -> kafka.endOffsets(topic).keySet()
                    .forEach(partition -> kafka.moveLeader(topic, partition, kafka.leaderOf(topic, partition) % FaultCluster.BROKERS + 1));
            case ADD_PARTITIONS -> {
                int partitions = kafka.endOffsets(topic).size();
                if (partitions < MAX_PARTITIONS)
                    cluster.addPartitions(topic, partitions + 1);
            }
        }
        cluster.healLinks();
    }

    private void restart(int broker) {
        kafka.start(broker);
        // Or the next death could take a partition's last replicas in sync: that is a scenario of its own.
        cluster.awaitInSync(topic, FaultCluster.BROKERS);
    }

    private void standStill(int broker, int minMs, int maxMs) throws InterruptedException {
        kafka.pause(broker);
        try {
            sleep(minMs, maxMs);
        } finally {
            kafka.resume(broker);
        }
        cluster.awaitInSync(topic, FaultCluster.BROKERS);
    }

    private void sleep(int minMs, int maxMs) throws InterruptedException {
        int spanMs = maxMs - minMs;
        Thread.sleep(minMs + random.nextInt(Length.current().pick(spanMs / 4, spanMs)));
    }
}
