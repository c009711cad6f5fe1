package dev.millrace;

import dev.millrace.internal.consumer.work.RecordDecoder;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Deserializer;

/** Makes deserializers as Kafka's consumer does: by class or name, configured with everything the user gave. Any thread. */
final class ConfiguredDecoders<K, V> implements RecordDecoder.Factory<K, V> {

    private final ConsumerConfig config;

    ConfiguredDecoders(Map<String, Object> configs) {
        config = new QuietConfig(configs);
        // A class that can't be made should fail the build, not a worker.
        get().close();
    }

    /** Kafka's consumer logs the same values. */
    private static final class QuietConfig extends ConsumerConfig {
        QuietConfig(Map<String, Object> configs) {
            super(configs, false);
        }
    }

    @Override
    public RecordDecoder<K, V> get() {
        return new RecordDecoder<>(make(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, true),
                make(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, false));
    }

    @SuppressWarnings("unchecked") // the configuration can't know the record's types
    private <T> Deserializer<T> make(String key, boolean isKey) {
        Deserializer<T> deserializer = config.getConfiguredInstance(key, Deserializer.class);
        deserializer.configure(config.originals(), isKey);
        return deserializer;
    }
}
