package dev.millrace.internal.consumer.watch;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/** Two registries as one map, which shows what is in them whenever it is asked, as Kafka's does; no name is in both. Any thread. */
public final class JointMetrics extends AbstractMap<MetricName, Metric> {

    private final Map<MetricName, ? extends Metric> first;
    private final Map<MetricName, ? extends Metric> second;

    public JointMetrics(Map<MetricName, ? extends Metric> first, Map<MetricName, ? extends Metric> second) {
        this.first = first;
        this.second = second;
    }

    @Override
    public Metric get(Object name) {
        Metric found = first.get(name);
        return found != null ? found : second.get(name);
    }

    @Override
    public boolean containsKey(Object name) {
        return get(name) != null;
    }

    @Override
    public Set<Entry<MetricName, Metric>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Entry<MetricName, Metric>> iterator() {
                return Stream.concat(entries(first), entries(second)).iterator();
            }

            @Override
            public int size() {
                return first.size() + second.size();
            }
        };
    }

    private static Stream<Entry<MetricName, Metric>> entries(Map<MetricName, ? extends Metric> registry) {
        return registry.entrySet().stream().map(entry -> Map.entry(entry.getKey(), entry.getValue()));
    }
}
