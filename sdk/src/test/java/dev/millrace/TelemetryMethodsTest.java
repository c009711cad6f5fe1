package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.telemetry.internals.ClientTelemetryReporter;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The telemetry methods of the {@link Producer} interface (KIP-714), side by side. Nobody listens. */
@ExtendWith(NothingLeftBehind.class)
class TelemetryMethodsTest {

    private interface Call {
        void to(Producer<String, String> producer);
    }

    @Test
    void shouldHaveNoInstanceIdWithoutTelemetry() {
        for (Duration timeout : new Duration[] {Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(-1)})
            assertBothThrow(IllegalStateException.class, p -> p.clientInstanceId(timeout), "enable.metrics.push", false);
        assertBothThrow(IllegalArgumentException.class, p -> p.clientInstanceId(Duration.ofSeconds(-1)),
                "enable.metrics.push", true);
    }

    private static void assertBothThrow(Class<? extends Exception> expected, Call call, Object... overrides) {
        String kafkas;
        try (Producer<String, String> producer = Client.KAFKA.producer(config(overrides))) {
            kafkas = assertThrows(expected, () -> call.to(producer)).getMessage();
        }
        try (Producer<String, String> producer = Client.MILLRACE.producer(config(overrides))) {
            assertEquals(kafkas, assertThrows(expected, () -> call.to(producer)).getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldLeaveItsOwnMetricsAloneWhenAskedToSubscribeToThem(Client client) throws Exception {
        try (Producer<String, String> producer = client.producer(config("enable.metrics.push", true))) {
            Set<MetricName> before = Set.copyOf(producer.metrics().keySet());
            Map<Object, Object> pushed = pushed(producer);
            Map<Object, Object> pushedBefore = new HashMap<>(pushed);
            assertTrue(pushed.size() > 50, () -> "only " + pushed.size() + " metrics go to telemetry");
            for (MetricName name : before) {
                KafkaMetric namesake = metric(name);
                producer.registerMetricForSubscription(namesake);
                assertFalse(pushed.containsValue(namesake), () -> "replaced " + name);
                producer.unregisterMetricFromSubscription(namesake);
            }
            // The network thread, which tries to connect, may have brought others.
            assertTrue(pushed.entrySet().containsAll(pushedBefore.entrySet()));
            assertTrue(producer.metrics().keySet().containsAll(before));
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldPushAnApplicationsMetricWhileItIsSubscribed(Client client) throws Exception {
        try (Producer<String, String> producer = client.producer(config("enable.metrics.push", true))) {
            Map<Object, Object> pushed = pushed(producer);
            KafkaMetric orders = metric(new MetricName("orders", "application", "", Map.of()));
            producer.unregisterMetricFromSubscription(orders); // never registered, and no error
            assertFalse(pushed.containsValue(orders));
            producer.registerMetricForSubscription(orders);
            assertTrue(pushed.containsValue(orders));
            producer.unregisterMetricFromSubscription(orders);
            assertFalse(pushed.containsValue(orders));
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldTakeSubscriptionsWithoutTelemetryForNothing(Client client) {
        try (Producer<String, String> producer = client.producer(config("enable.metrics.push", false))) {
            Set<MetricName> before = Set.copyOf(producer.metrics().keySet());
            KafkaMetric orders = metric(new MetricName("orders", "application", "", Map.of()));
            producer.registerMetricForSubscription(orders);
            producer.unregisterMetricFromSubscription(orders);
            assertTrue(producer.metrics().keySet().containsAll(before));
            assertFalse(producer.metrics().containsKey(orders.metricName()));
        }
    }

    private static KafkaMetric metric(MetricName name) {
        return new KafkaMetric(new Object(), name, (Gauge<Double>) (config, nowMs) -> 1.0, new MetricConfig(), Time.SYSTEM);
    }

    /** What Kafka's telemetry would push of a producer's metrics, as it changes. */
    private static Map<Object, Object> pushed(Producer<?, ?> producer) throws ReflectiveOperationException {
        Optional<?> reporter = producer instanceof KafkaProducer ? (Optional<?>) field(producer, "clientTelemetryReporter")
                : (Optional<?>) field(field(field(producer, "engine"), "network"), "telemetry");
        Method collector = ClientTelemetryReporter.class.getDeclaredMethod("metricsCollector");
        collector.setAccessible(true);
        Map<?, ?> metrics = (Map<?, ?>) field(field(collector.invoke(reporter.orElseThrow()), "ledger"), "metricMap");
        @SuppressWarnings("unchecked") // only read, and its keys' class is private to Kafka
        Map<Object, Object> ofObjects = (Map<Object, Object>) metrics;
        return ofObjects;
    }

    private static Object field(Object owner, String name) throws ReflectiveOperationException {
        Field field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(owner);
    }

    private static Map<String, Object> config(Object... overrides) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", "127.0.0.1:1",
                "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class));
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        return config;
    }
}
