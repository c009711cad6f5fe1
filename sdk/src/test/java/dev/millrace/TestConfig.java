package dev.millrace;

import dev.millrace.testkit.KafkaCluster;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Configurations for producers to a cluster; overrides are given as key, value, key, value, ... */
public final class TestConfig {

    private TestConfig() {
    }

    /** For a producer of strings. */
    static Map<String, Object> strings(KafkaCluster cluster, Object... overrides) {
        return config(cluster, StringSerializer.class, overrides);
    }

    /** For a producer of byte arrays. */
    public static Map<String, Object> bytes(KafkaCluster cluster, Object... overrides) {
        return config(cluster, ByteArraySerializer.class, overrides);
    }

    private static Map<String, Object> config(KafkaCluster cluster, Class<?> serializer, Object... overrides) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", cluster.bootstrapServers());
        config.put("key.serializer", serializer);
        config.put("value.serializer", serializer);
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        return config;
    }
}
