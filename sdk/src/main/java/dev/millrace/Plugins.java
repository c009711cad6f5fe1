package dev.millrace;

import dev.millrace.internal.producer.net.Monitored;
import dev.millrace.partitioner.StickyPartitioner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Utils;

/** The user's classes that a configuration names: made, configured, given their metrics (KIP-877), and closed at the end. */
final class Plugins {

    private final ProducerConfig config;
    private final Metrics metrics;
    private final Closing closing;
    private final Map<String, Object> clientId;

    Plugins(ProducerConfig config, Metrics metrics, Closing closing) {
        this.config = config;
        this.metrics = metrics;
        this.closing = closing;
        this.clientId = Map.of(ProducerConfig.CLIENT_ID_CONFIG, config.getString(ProducerConfig.CLIENT_ID_CONFIG));
    }

    /** The user's partitioner, or the sticky one. */
    Partitioner partitioner() {
        Partitioner partitioner = config.getConfiguredInstance(ProducerConfig.PARTITIONER_CLASS_CONFIG, Partitioner.class, clientId);
        if (partitioner == null) {
            partitioner = new StickyPartitioner();
            partitioner.configure(config.values());
            closing.add("partitioner", partitioner);
        } else {
            closing.add("partitioner", Monitored.of(partitioner, metrics, ProducerConfig.PARTITIONER_CLASS_CONFIG));
        }
        return partitioner;
    }

    /** @param given the caller's own instance, which is not configured; or null */
    @SuppressWarnings("unchecked") // the configuration can't know the record's types
    <T> Serializer<T> serializer(Serializer<T> given, boolean forKeys) {
        String key = forKeys ? ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG : ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG;
        Serializer<T> serializer = given;
        if (serializer == null) {
            serializer = config.getConfiguredInstance(key, Serializer.class);
            serializer.configure(config.originals(clientId), forKeys);
        } else {
            config.ignore(key);
        }
        closing.add(forKeys ? "key serializer" : "value serializer", Monitored.of(serializer, metrics, key));
        return serializer;
    }

    @SuppressWarnings("unchecked") // the configuration can't know the record's types
    <K, V> List<ProducerInterceptor<K, V>> interceptors() {
        String key = ProducerConfig.INTERCEPTOR_CLASSES_CONFIG;
        List<ProducerInterceptor<K, V>> chain = new ArrayList<>();
        List<AutoCloseable> monitored = new ArrayList<>();
        for (Object interceptor : config.getConfiguredInstances(key, ProducerInterceptor.class, clientId)) {
            chain.add((ProducerInterceptor<K, V>) interceptor);
            monitored.add(Monitored.of(interceptor, metrics, key));
        }
        // One that throws is logged and passed over here too: it makes no failure of close.
        closing.add("interceptors", () -> monitored.forEach(each -> Utils.closeQuietly(each, "producer interceptor")));
        return chain;
    }
}
