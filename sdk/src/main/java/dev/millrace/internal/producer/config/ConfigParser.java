package dev.millrace.internal.producer.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Utils;

/**
 * From what a user hands to the producer's constructor to a {@link ProducerConfig}, with the exceptions and in the
 * order of {@code KafkaProducer}: a missing serializer is reported before any value is looked at.
 *
 * <p>What is thrown here reaches the user as it is; whatever fails later in the construction is wrapped in a
 * {@link org.apache.kafka.common.KafkaException}, as {@code KafkaProducer} does.
 */
public final class ConfigParser {
    private ConfigParser() {
    }

    /**
     * Parses and checks every value, applies Kafka's coercions (idempotence, client id, reconnect backoff).
     *
     * @param keySerializer   null when {@code key.serializer} names the class
     * @param valueSerializer null when {@code value.serializer} names the class
     * @throws ConfigException for a serializer that is neither given nor configured, and for any value Kafka rejects
     */
    public static ProducerConfig parse(Map<String, ?> configs, Serializer<?> keySerializer,
                                       Serializer<?> valueSerializer) {
        Map<String, Object> complete = new HashMap<>(configs);
        putSerializer(complete, ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, keySerializer);
        putSerializer(complete, ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, valueSerializer);
        return new ProducerConfig(complete);
    }

    /**
     * The entries of {@code properties} and of its defaults, whatever the type of their values.
     *
     * @throws ConfigException when a key is not a string
     */
    public static Map<String, Object> toMap(Properties properties) {
        return Utils.propsToMap(properties);
    }

    private static void putSerializer(Map<String, Object> configs, String key, Serializer<?> serializer) {
        if (serializer != null) {
            configs.put(key, serializer.getClass());
        } else if (configs.get(key) == null) {
            throw new ConfigException(key, null, "must be non-null.");
        }
    }
}
