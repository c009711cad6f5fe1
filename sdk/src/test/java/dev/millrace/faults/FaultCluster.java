package dev.millrace.faults;

import dev.millrace.testkit.FaultProxy;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LoopbackPorts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Three brokers, {@code min.insync.replicas=2}, with a controller apart, so that a broker's death is a broker's death only; on demand
 * with a {@link FaultProxy} before each broker. For the test's thread.
 */
final class FaultCluster implements AutoCloseable {

    static final int BROKERS = 3;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(120);

    private final KafkaCluster kafka;
    private final List<Integer> leases;
    private final List<FaultProxy> proxies = new ArrayList<>();

    private FaultCluster(List<Integer> leases, Map<String, String> more) {
        this.leases = leases;
        KafkaCluster.Builder builder = KafkaCluster.builder().brokers(BROKERS).dedicatedControllers(1)
                .brokerProperty("min.insync.replicas", "2")
                // Nobody waits 45 s for the partitions of a member that was killed.
                .brokerProperty("group.min.session.timeout.ms", "5000")
                .brokerProperty("group.consumer.min.session.timeout.ms", "5000")
                .brokerProperty("group.consumer.session.timeout.ms", "5000")
                .brokerProperty("group.consumer.min.heartbeat.interval.ms", "1000")
                .brokerProperty("group.consumer.heartbeat.interval.ms", "1000");
        more.forEach(builder::brokerProperty);
        for (int i = 0; i < leases.size(); i++)
            builder.advertisedPort(i + 1, leases.get(i));
        kafka = builder.start();
        for (int i = 0; i < leases.size(); i++)
            proxies.add(FaultProxy.start(leases.get(i), kafka.port(i + 1)));
    }

    /** Clients speak to the brokers themselves. */
    static FaultCluster direct() {
        return new FaultCluster(List.of(), Map.of());
    }

    /** Clients come through proxies. */
    static FaultCluster proxied() {
        return proxied(Map.of());
    }

    /** @param more properties of the brokers */
    static FaultCluster proxied(Map<String, String> more) {
        List<Integer> leases = new ArrayList<>();
        for (int i = 0; i < BROKERS; i++)
            leases.add(LoopbackPorts.lease());
        return new FaultCluster(leases, more);
    }

    KafkaCluster kafka() {
        return kafka;
    }

    /** One a broker, in the order of their ids; none in a {@link #direct} cluster. */
    List<FaultProxy> proxies() {
        return proxies;
    }

    /** How long a KIP-848 group waits for a member of its that says nothing, in the place of the brokers' 5 s. */
    void setSession(String group, int ms) throws ExecutionException, InterruptedException {
        ConfigEntry entry = new ConfigEntry("consumer.session.timeout.ms", Integer.toString(ms));
        kafka.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group),
                List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET)))).all().get();
    }

    /** A topic with three replicas, all in sync. */
    void createTopic(String topic, int partitions) {
        kafka.createTopic(topic, partitions, BROKERS);
        awaitInSync(topic, BROKERS);
    }

    void addPartitions(String topic, int newTotal) {
        await(topic + " has " + newTotal + " partitions", () -> {
            kafka.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(newTotal))).all().get();
            return true;
        });
        awaitInSync(topic, BROKERS);
    }

    /** Blocks until each partition has a leader and so many replicas in sync. All brokers but killed ones must be able to answer. */
    void awaitInSync(String topic, int replicas) {
        await("each partition of " + topic + " has " + replicas + " replicas in sync",
                () -> allPartitions(topic, partition -> partition.isr().size() == replicas && partition.leader() != null));
    }

    private boolean allPartitions(String topic, Predicate<TopicPartitionInfo> condition) throws Exception {
        DescribeTopicsOptions options = new DescribeTopicsOptions().timeoutMs(5_000);
        TopicDescription description = kafka.admin().describeTopics(List.of(topic), options).topicNameValues().get(topic).get();
        return description.partitions().stream().allMatch(condition);
    }

    /** The highest epoch of any producer that wrote to the topic. */
    int highestProducerEpoch(String topic) throws Exception {
        List<TopicPartition> partitions = kafka.endOffsets(topic).keySet().stream()
                .map(partition -> new TopicPartition(topic, partition)).toList();
        return kafka.admin().describeProducers(partitions).all().get().values().stream()
                .flatMap(state -> state.activeProducers().stream()).mapToInt(ProducerState::producerEpoch).max().orElse(-1);
    }

    /** Ends every fault of the links. */
    void healLinks() {
        for (FaultProxy proxy : proxies) {
            proxy.heal();
            proxy.delay(Duration.ZERO, Duration.ZERO);
        }
    }

    /** Ends every fault: links heal, and all brokers run. */
    void heal() {
        healLinks();
        for (int broker : kafka.brokerIds())
            if (kafka.isRunning(broker))
                kafka.resume(broker);
        for (int broker : kafka.brokerIds())
            kafka.start(broker);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Condition condition) {
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        Exception last = null;
        while (System.nanoTime() - deadlineNs < 0) {
            try {
                if (condition.holds())
                    return;
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (ExecutionException e) {
                // Brokers come and go: that one could not be asked says nothing.
                last = e;
            } catch (Exception e) {
                throw new KafkaException("Waiting: " + what, e);
            }
        }
        throw new KafkaException("Waited in vain: " + what, last);
    }

    @Override
    public void close() {
        proxies.forEach(FaultProxy::close);
        kafka.close();
        leases.forEach(LoopbackPorts::release);
    }
}
