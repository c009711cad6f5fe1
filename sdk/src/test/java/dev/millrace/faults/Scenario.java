package dev.millrace.faults;

import dev.millrace.Client;
import dev.millrace.LedgerLoad;
import dev.millrace.TestConfig;
import dev.millrace.testkit.DeliveryFault;
import dev.millrace.testkit.DeliveryReport;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;

/**
 * One scenario: four threads send keyed records through one producer, faults are made meanwhile, everything heals, the rest of the
 * records is sent, and the log is compared with what was promised. Prints one line.
 *
 * <p>{@code -Dmillrace.faults.client=KAFKA} runs Kafka's own producer instead, to tell its behaviour from ours;
 * {@code -Dmillrace.faults.seed=N} repeats a run's random choices.
 */
final class Scenario {

    static final int PARTITIONS = 6;
    private static final int THREADS = 4;
    private static final int VALUE_SIZE = 100;
    private static final long RETRY_PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);

    static final Client CLIENT = Client.valueOf(System.getProperty("millrace.faults.client", "MILLRACE"));

    private final FaultCluster cluster;
    private final String name;
    private final Length length = Length.current();
    private final long seed = seed();
    private final Random random = new Random(seed);
    private final Map<String, Object> config;

    // While it runs.
    private Producer<byte[], byte[]> producer;
    private LedgerLoad load;

    /** What goes wrong, and when. */
    interface Faults {
        void make(Scenario scenario) throws Exception;
    }

    /**
     * @param name      of the scenario, and of its topic
     * @param overrides of the producer's configuration: key, value, key, value, ...
     */
    Scenario(FaultCluster cluster, String name, Object... overrides) {
        this.cluster = cluster;
        this.name = name;
        config = TestConfig.bytes(cluster.kafka(), "compression.type", "lz4", "linger.ms", 2, "request.timeout.ms", 1_000,
                "buffer.memory", 8 << 20, "reconnect.backoff.max.ms", 200);
        config.putAll(TestConfig.bytes(cluster.kafka(), overrides));
    }

    Outcome run(Faults faults) throws Exception {
        cluster.createTopic(name, PARTITIONS);
        System.out.printf("%s begins, seed %d%n", name, seed);
        long startNs = System.nanoTime();
        try (Producer<byte[], byte[]> opened = CLIENT.producer(config)) {
            producer = opened;
            load = new LedgerLoad(producer, name, VALUE_SIZE).startPaced(THREADS, length.recordsPerSecond());
            try {
                load.awaitSent(length.records() / 10);
                faults.make(this);
                cluster.heal();
                load.stopAfter(length.records());
            } finally {
                cluster.heal();
                load.stop();
            }
            producer.flush();
            DeliveryReport report = load.verify(cluster.kafka().bootstrapServers());
            Outcome outcome = new Outcome(report, load, Outcome.metrics(producer), (System.nanoTime() - startNs) / 1e9);
            System.out.println(outcome.line(name + " (" + CLIENT.name().toLowerCase(Locale.ROOT) + ")", seed));
            if (!report.isClean(DeliveryFault.KEY_SPLIT))
                System.out.println(report);
            return outcome;
        } finally {
            producer = null;
        }
    }

    /** The seed that was asked for, or a new one. */
    static long seed() {
        return Long.getLong("millrace.faults.seed", new Random().nextInt(1_000_000));
    }

    FaultCluster cluster() {
        return cluster;
    }

    String topic() {
        return name;
    }

    Length length() {
        return length;
    }

    Random random() {
        return random;
    }

    LedgerLoad load() {
        return load;
    }

    /** A broker, at random. */
    int anyBroker() {
        return 1 + random.nextInt(FaultCluster.BROKERS);
    }

    /** The leader of a partition, at random. */
    int anyLeader() {
        return cluster.kafka().leaderOf(name, random.nextInt(PARTITIONS));
    }

    /** Records sent again up to now. */
    long retries() {
        return (long) Outcome.metric(producer, "record-retry-total");
    }

    /** Blocks until more records were sent again than there had been; what the fault hit may be found out a little later. */
    void awaitRetriesBeyond(long before) throws InterruptedException {
        long deadlineNs = System.nanoTime() + RETRY_PATIENCE_NS;
        while (retries() <= before) {
            if (System.nanoTime() - deadlineNs > 0)
                throw new AssertionError("no record was sent again: the fault did not bite");
            Thread.sleep(10);
        }
    }

    /** Blocks until a broker has sent so many answers more: those that were on their way before, and then some. */
    void awaitAnswersOf(int broker, int more) throws InterruptedException {
        double wanted = answersOf(broker) + more;
        long deadlineNs = System.nanoTime() + RETRY_PATIENCE_NS;
        while (answersOf(broker) < wanted) {
            if (System.nanoTime() - deadlineNs > 0)
                throw new AssertionError("broker " + broker + " does not answer: the fault did not bite");
            Thread.sleep(10);
        }
    }

    private double answersOf(int broker) {
        return producer.metrics().values().stream()
                .filter(metric -> metric.metricName().group().equals("producer-node-metrics")
                        && metric.metricName().name().equals("response-total")
                        && metric.metricName().tags().get("node-id").equals("node-" + broker))
                .mapToDouble(metric -> (double) metric.metricValue()).sum();
    }

    /** Blocks until the share of all the scenario's records was sent that is due after so many of so many rounds. */
    void awaitRound(int done, int of) {
        load.awaitSent((long) length.records() * done / of);
    }
}
