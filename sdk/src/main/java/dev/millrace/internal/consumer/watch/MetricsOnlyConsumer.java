package dev.millrace.internal.consumer.watch;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/** Kafka's {@link Consumer} as far as its metrics go, for those who want one to read them. Any thread. */
public final class MetricsOnlyConsumer implements InvocationHandler {

    private final Supplier<Map<MetricName, ? extends Metric>> metrics;

    private MetricsOnlyConsumer(Supplier<Map<MetricName, ? extends Metric>> metrics) {
        this.metrics = metrics;
    }

    @SuppressWarnings("unchecked") // nothing of these types ever goes in or out
    public static <K, V> Consumer<K, V> of(Supplier<Map<MetricName, ? extends Metric>> metrics) {
        return (Consumer<K, V>) Proxy.newProxyInstance(MetricsOnlyConsumer.class.getClassLoader(), new Class<?>[] {Consumer.class},
                new MetricsOnlyConsumer(metrics));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "metrics" -> metrics.get();
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == arguments[0];
            case "toString" -> "the metrics of a parallel consumer";
            default -> throw new UnsupportedOperationException(method.getName() + "() is not to be had here: this is a view of a"
                    + " ParallelConsumer's metrics, and only metrics() works. The consumer itself is polled, committed and"
                    + " closed by the ParallelConsumer; ask that.");
        };
    }
}
