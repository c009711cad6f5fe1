package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A producer that cannot be made closes what it had made of the user's classes, as {@code KafkaProducer} does. */
class FailedConstructionTest {
    private static final Set<String> OPEN = new ConcurrentSkipListSet<>();
    private static final Set<String> CLOSED = new ConcurrentSkipListSet<>();

    static Stream<Map<String, Object>> failures() {
        return Stream.of(
                Map.of("bootstrap.servers", "localhost"),
                Map.of("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN"),
                Map.of("interceptor.classes", "no.such.Interceptor"),
                Map.of("value.serializer", ConfigRejectionTest.Unmakeable.class));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void shouldCloseWhatItMade(Map<String, Object> failure) throws MalformedObjectNameException {
        Set<String> kafkas = closedAfter(failure, ConstructedProducer::kafkas);
        assertEquals(kafkas, closedAfter(failure, ConstructedProducer::ours));
        assertEquals(Set.of(), ManagementFactory.getPlatformMBeanServer()
                .queryNames(new ObjectName("kafka.producer:*"), null));
    }

    private static Set<String> closedAfter(Map<String, Object> failure,
                                           Function<Map<String, Object>, ConstructedProducer> constructor) {
        Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", "localhost:1",
                "key.serializer", Serializer.class, "value.serializer", Serializer.class,
                "partitioner.class", Partitioner.class, "interceptor.classes", List.of(Interceptor.class),
                "metric.reporters", List.of(Reporter.class)));
        configs.putAll(failure);
        OPEN.clear();
        CLOSED.clear();
        assertThrows(KafkaException.class, () -> constructor.apply(configs).close());
        assertEquals(Set.of(), OPEN);
        assertTrue(CLOSED.contains("Reporter"), CLOSED.toString());
        return new TreeSet<>(CLOSED);
    }

    private static void opened(Object plugin) {
        OPEN.add(plugin.getClass().getSimpleName());
    }

    private static void closed(Object plugin) {
        OPEN.remove(plugin.getClass().getSimpleName());
        CLOSED.add(plugin.getClass().getSimpleName());
    }

    /** Notes that it is closed. */
    public static final class Serializer extends ByteArraySerializer {
        @Override
        public void configure(Map<String, ?> configs, boolean isKey) {
            opened(this);
        }

        @Override
        public void close() {
            closed(this);
        }
    }

    /** Notes that it is closed. */
    public static final class Partitioner extends RoundRobinPartitioner {
        @Override
        public void configure(Map<String, ?> configs) {
            opened(this);
        }

        @Override
        public void close() {
            closed(this);
        }
    }

    /** Notes that it is closed. */
    public static final class Reporter extends JmxReporter {
        @Override
        public void configure(Map<String, ?> configs) {
            opened(this);
        }

        @Override
        public void close() {
            closed(this);
            super.close();
        }
    }

    /** Notes that it is closed. */
    public static final class Interceptor implements ProducerInterceptor<byte[], byte[]> {
        @Override
        public void configure(Map<String, ?> configs) {
            opened(this);
        }

        @Override
        public ProducerRecord<byte[], byte[]> onSend(ProducerRecord<byte[], byte[]> record) {
            return record;
        }

        @Override
        public void onAcknowledgement(RecordMetadata metadata, Exception exception) {
        }

        @Override
        public void close() {
            closed(this);
        }
    }
}
