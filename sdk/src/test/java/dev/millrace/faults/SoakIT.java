package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.LedgerLoad;
import dev.millrace.NothingLeftBehind;
import dev.millrace.TestConfig;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryReport;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * One producer at full speed for ten minutes, while random faults come one after the other; on demand, by {@code -Psoak}.
 * {@code -Dmillrace.soak.seconds} makes it shorter or longer. Each half minute or so it goes on with another topic, and what the former
 * holds is compared with what was promised, and deleted: neither memory nor disk would hold it all.
 */
@Tag("soak")
@ExtendWith(NothingLeftBehind.class)
class SoakIT {

    private static final int THREADS = 4;
    private static final int VALUE_SIZE = 100;
    private static final long ROUND_NS = TimeUnit.SECONDS.toNanos(30);

    private final long seed = Scenario.seed();
    private final Random random = new Random(seed);
    private final Map<RandomFaults.Kind, Integer> faults = new EnumMap<>(RandomFaults.Kind.class);
    private final Map<DeliveryFault, Long> found = new EnumMap<>(DeliveryFault.class);
    private long sent;
    private long acknowledged;
    private long failed;
    private long sendingNs;

    @Test
    void shouldKeepItsPromisesUnderRandomFaults() throws Exception {
        long totalNs = TimeUnit.SECONDS.toNanos(Integer.getInteger("millrace.soak.seconds", 600));
        System.out.printf("soak begins, seed %d%n", seed);
        try (FaultCluster cluster = FaultCluster.proxied();
             Producer<byte[], byte[]> producer = Scenario.CLIENT.producer(TestConfig.bytes(cluster.kafka(),
                     "compression.type", "lz4", "linger.ms", 5, "batch.size", 64 << 10, "request.timeout.ms", 3_000,
                     "reconnect.backoff.max.ms", 200, "metadata.max.age.ms", 1_000))) {
            for (int round = 1; sendingNs < totalNs; round++)
                round(cluster, producer, "soak-" + round);
            System.out.printf("LEDGER soak (%s): sent %,d, acked %,d, failed by exception %,d, faults found %s, retries %,.0f, connections"
                            + " closed %.0f, %.1f s of sending, seed %d, faults made %s%n", Scenario.CLIENT, sent, acknowledged, failed,
                    found, Outcome.metric(producer, "record-retry-total"), Outcome.metric(producer, "connection-close-total"),
                    sendingNs / 1e9, seed, faults);
            assertTrue(Outcome.metric(producer, "record-retry-total") > 0, "no record was sent again: no fault bit");
            assertTrue(Outcome.metric(producer, "connection-close-total") > 0, "no connection was lost: no fault bit");
        }
    }

    private void round(FaultCluster cluster, Producer<byte[], byte[]> producer, String topic) throws Exception {
        cluster.createTopic(topic, Scenario.PARTITIONS);
        long startNs = System.nanoTime();
        LedgerLoad load = new LedgerLoad(producer, topic, VALUE_SIZE).startPaced(THREADS, 0);
        RandomFaults mischief = new RandomFaults(cluster, topic, random);
        try {
            while (System.nanoTime() - startNs < ROUND_NS) {
                mischief.makeAny();
                load.awaitMoreAcknowledged(10_000);
            }
        } finally {
            cluster.heal();
            load.stop();
        }
        producer.flush();
        sendingNs += System.nanoTime() - startNs;
        DeliveryReport report = load.verify(cluster.kafka().bootstrapServers());
        System.out.printf("%s: sent %,d, acked %,d, failed %,d %s, faults found %s, faults made %s%n", topic, report.sent(),
                report.acknowledged(), report.failed(), report.failures(), report.counts(), mischief.made());
        count(report, mischief);
        report.assertClean(DeliveryFault.KEY_SPLIT);
        assertEquals(report.sent(), report.acknowledged() + report.failed(), report::toString);
        cluster.kafka().deleteTopic(topic);
    }

    private void count(DeliveryReport report, RandomFaults mischief) {
        sent += report.sent();
        acknowledged += report.acknowledged();
        failed += report.failed();
        mischief.made().forEach((kind, times) -> faults.merge(kind, times, Integer::sum));
        report.counts().forEach((fault, times) -> found.merge(fault, times, Long::sum));
    }
}
