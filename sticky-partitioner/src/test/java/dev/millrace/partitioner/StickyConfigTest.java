package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;

import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StickyConfigTest {
    private final Cluster cluster = Topics.cluster(50);

    @Test
    void shouldHashKeysOverAllPartitionsWithALeaderOrWithout() {
        StickyPartitioner partitioner = new StickyPartitioner();
        partitioner.configure(Map.of());
        Cluster halfLed = Topics.cluster(4, Set.of(0, 1));
        for (int i = 0; i < 1000; i++) {
            byte[] key = {(byte) i, (byte) (i >> 8)};
            assertEquals(KeyHash.partition(key, 4),
                    partitioner.partition(Topics.TOPIC, i, key, null, new byte[1000], halfLed));
        }
        assertEquals(KeyHash.partition(new byte[0], 4),
                partitioner.partition(Topics.TOPIC, "", new byte[0], null, null, halfLed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "TRUE"})
    void shouldIgnoreKeysWhenAsked(String yes) {
        StickyPartitioner partitioner = new StickyPartitioner();
        partitioner.configure(Map.of("partitioner.ignore.keys", yes, "bootstrap.servers", "localhost:1"));
        int first = partitioner.partition(Topics.TOPIC, 0, new byte[] {0}, null, null, cluster);
        for (int i = 1; i < 50; i++) {
            assertEquals(first, partitioner.partition(Topics.TOPIC, i, new byte[] {(byte) i}, null, null, cluster));
        }
    }

    @Test
    void shouldTakeTypedValuesAndText() {
        for (Object size : new Object[] {100_000, "100000", " 100000 "}) {
            StickyPartitioner partitioner = new StickyPartitioner();
            partitioner.configure(Map.of("batch.size", size));
            int first = Topics.keyless(partitioner, new byte[40_000], cluster);
            assertEquals(first, Topics.keyless(partitioner, new byte[40_000], cluster));
        }
    }

    @Test
    void shouldHaveKafkasDefaults() {
        Map<String, Object> kafkas = ProducerConfig.configDef().defaultValues();
        assertEquals(kafkas.get("batch.size"), StickyPartitioner.CONFIG.defaultValues().get("batch.size"));
        StickyPartitioner.CONFIG.defaultValues().forEach((key, value) -> assertEquals(kafkas.get(key), value, key));
    }

    @Test
    void shouldRefuseWhatKafkaRefuses() {
        for (Map<String, Object> config : List.<Map<String, Object>>of(Map.of("batch.size", -1), Map.of("batch.size", "many"),
            Map.of("partitioner.ignore.keys", "perhaps"), Map.of("partitioner.adaptive.partitioning.enable", 1))) {
            String key = config.keySet().iterator().next();
            ConfigException refused = assertThrows(ConfigException.class,
                    () -> new StickyPartitioner().configure(config));
            assertTrue(refused.getMessage().contains(key), refused.getMessage());
        }
        assertDoesNotThrow(() -> new StickyPartitioner().configure(Map.of("batch.size", 0)));
    }
}
