package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.KafkaCluster;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** After the same work, whoever reads metrics sees the same as with {@code KafkaProducer}. */
class MetricNamesIT {
    private static KafkaCluster cluster;

    @BeforeAll
    static void start() {
        cluster = KafkaCluster.builder().start();
        cluster.createTopic("orders", 2, 1);
        cluster.createTopic("bills", 1, 1);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldShowTheMetricsOfKafkaProducer() throws Exception {
        Seen kafkas = seenAfterWork(KafkaProducer::new);
        Seen ours = seenAfterWork(MillraceProducer::new);

        assertTrue(kafkas.metrics().contains(
                "producer-topic-metrics record-send-rate {client-id=metrics, topic=bills}"),
                () -> String.join("\n", kafkas.metrics()));
        assertEquals(lines(kafkas.metrics()), lines(ours.metrics()));
        assertTrue(kafkas.beans().stream().anyMatch(bean -> bean.contains("type=producer-node-metrics")),
                () -> String.join("\n", kafkas.beans()));
        assertEquals(lines(kafkas.beans()), lines(ours.beans()));
        assertEquals(lines(kafkas.metricsOnceClosed()), lines(ours.metricsOnceClosed()));
        assertEquals(Set.of(), kafkas.beansOnceClosed());
        assertEquals(Set.of(), ours.beansOnceClosed());
    }

    /** What {@code metrics()} and the JMX server show while the producer is open and when it is closed. */
    private record Seen(Set<String> metrics, Set<String> beans, Set<String> metricsOnceClosed,
                        Set<String> beansOnceClosed) {
    }

    private static Seen seenAfterWork(Function<Map<String, Object>, Producer<String, String>> constructor)
            throws Exception {
        Producer<String, String> producer = constructor.apply(Map.of(
                "bootstrap.servers", cluster.bootstrapServers(), "client.id", "metrics",
                "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class,
                "compression.type", "lz4", "max.request.size", 10_000));
        try {
            for (int i = 0; i < 100; i++) {
                producer.send(new ProducerRecord<>("orders", i % 2, "key", "value " + i));
            }
            producer.send(new ProducerRecord<>("bills", "key", "value")).get();
            producer.flush();
            assertThrows(ExecutionException.class,
                    () -> producer.send(new ProducerRecord<>("bills", "x".repeat(20_000))).get());
            Set<String> metrics = metrics(producer);
            Set<String> beans = beans();
            producer.close();
            return new Seen(metrics, beans, metrics(producer), beans());
        } finally {
            producer.close();
        }
    }

    private static Set<String> metrics(Producer<?, ?> producer) {
        Set<String> names = new TreeSet<>();
        producer.metrics().keySet().forEach(name ->
                names.add(name.group() + " " + name.name() + " " + new TreeMap<>(name.tags())));
        return names;
    }

    /** Every bean of a producer with its attributes; both producers have the same client id, one after the other. */
    private static Set<String> beans() throws JMException {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        Set<String> beans = new TreeSet<>();
        for (ObjectName bean : server.queryNames(new ObjectName("kafka.producer:*"), null)) {
            Set<String> attributes = new TreeSet<>();
            Arrays.stream(server.getMBeanInfo(bean).getAttributes()).map(MBeanAttributeInfo::getName)
                    .forEach(attributes::add);
            beans.add(bean.getCanonicalName() + " " + attributes);
        }
        return beans;
    }

    /** A failure shows the one line that differs. */
    private static String lines(Set<String> names) {
        return String.join("\n", names);
    }
}
