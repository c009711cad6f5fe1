package dev.millrace.internal.producer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class ProducerSettingsTest {
    @Test
    void shouldHaveKafkasDefaultsWhenNothingIsSet() {
        ProducerSettings settings = settings(Map.of());
        assertEquals(new ProducerSettings.Batching(16384, 5, 32L << 20, 60_000, 1 << 20), settings.batching());
        assertEquals(new ProducerSettings.Compression("none", 0), settings.compression());
        assertEquals(new ProducerSettings.Delivery((short) -1, Integer.MAX_VALUE, true, 5, 120_000, 30_000, 100, 1000),
                settings.delivery());
        assertEquals(new ProducerSettings.Partitioning(false, 0), settings.partitioning());
        assertEquals(new ProducerSettings.Transactions(null, 60_000), settings.transactions());
        assertEquals(new ProducerSettings.MetadataCaching(300_000, 300_000), settings.metadataCaching());
        assertTrue(settings.clientId().matches("producer-\\d+"), settings.clientId());
    }

    @Test
    void shouldCarryEveryValueThatIsSet() {
        ProducerSettings settings = settings(Map.ofEntries(
                Map.entry("client.id", "c"), Map.entry("batch.size", "100"), Map.entry("linger.ms", 7),
                Map.entry("buffer.memory", "200"), Map.entry("max.block.ms", 300L),
                Map.entry("max.request.size", "400"), Map.entry("acks", "all"), Map.entry("retries", "9"),
                Map.entry("max.in.flight.requests.per.connection", "3"), Map.entry("delivery.timeout.ms", "5000"),
                Map.entry("request.timeout.ms", "600"), Map.entry("retry.backoff.ms", "11"),
                Map.entry("retry.backoff.max.ms", "22"), Map.entry("partitioner.ignore.keys", "true"),
                Map.entry("partitioner.availability.timeout.ms", "33"), Map.entry("transactional.id", "t"),
                Map.entry("transaction.timeout.ms", "44"), Map.entry("metadata.max.age.ms", "55"),
                Map.entry("metadata.max.idle.ms", "6000")));
        assertEquals("c", settings.clientId());
        assertEquals(new ProducerSettings.Batching(100, 7, 200, 300, 400), settings.batching());
        assertEquals(new ProducerSettings.Delivery((short) -1, 9, true, 3, 5000, 600, 11, 22), settings.delivery());
        assertEquals(new ProducerSettings.Partitioning(true, 33), settings.partitioning());
        assertEquals(new ProducerSettings.Transactions("t", 44), settings.transactions());
        assertEquals(new ProducerSettings.MetadataCaching(55, 6000), settings.metadataCaching());
    }

    @Test
    void shouldTakeTheLevelOfTheChosenCompression() {
        Map<String, Object> levels = Map.of("compression.gzip.level", 3, "compression.lz4.level", 4,
                "compression.zstd.level", 5);
        for (Map.Entry<String, Integer> expected : Map.of("none", 0, "gzip", 3, "snappy", 0, "lz4", 4, "zstd", 5)
                .entrySet()) {
            Map<String, Object> configs = new HashMap<>(levels);
            configs.put("compression.type", expected.getKey());
            assertEquals(new ProducerSettings.Compression(expected.getKey(), expected.getValue()),
                    settings(configs).compression());
        }
    }

    @Test
    void shouldDisableIdempotenceWhenAcksOrRetriesDoNotAllowIt() {
        assertFalse(settings(Map.of("acks", "1")).delivery().idempotent());
        assertFalse(settings(Map.of("acks", "0")).delivery().idempotent());
        assertFalse(settings(Map.of("retries", "0")).delivery().idempotent());
        assertFalse(settings(Map.of("enable.idempotence", "false")).delivery().idempotent());
        assertEquals(9, settings(Map.of("acks", "1", "enable.idempotence", "false",
                "max.in.flight.requests.per.connection", "9")).delivery().maxInFlight());
    }

    @Test
    void shouldRaiseTheDefaultDeliveryTimeoutWhenLingerAndRequestTimeoutAreLonger() {
        assertEquals(230_000, settings(Map.of("linger.ms", 100_000, "request.timeout.ms", 130_000))
                .delivery().deliveryTimeoutMs());
        assertEquals(Integer.MAX_VALUE, settings(Map.of("linger.ms", Long.MAX_VALUE)).delivery().deliveryTimeoutMs());
    }

    @Test
    void shouldRejectADeliveryTimeoutOfTheUsersThatIsShorterThanLingerAndRequestTimeout() {
        assertThrows(ConfigException.class, () -> settings(Map.of("delivery.timeout.ms", 30_004)));
        assertEquals(30_005, settings(Map.of("delivery.timeout.ms", 30_005)).delivery().deliveryTimeoutMs());
    }

    @Test
    void shouldCapLingerAndLiftABatchSizeOfZero() {
        assertEquals(Integer.MAX_VALUE, settings(Map.of("linger.ms", 1L << 40)).batching().lingerMs());
        assertEquals(1, settings(Map.of("batch.size", 0)).batching().batchSize());
    }

    @Test
    void shouldNameTheClientAfterItsTransactionalId() {
        assertEquals("producer-t", settings(Map.of("transactional.id", "t")).clientId());
        assertEquals("", settings(Map.of("client.id", "")).clientId());
        assertNull(settings(Map.of("client.id", "c")).transactions().transactionalId());
    }

    @Test
    void shouldWarnOfTheLevelsOfOtherCompressions() {
        ProducerSettings settings = settings(Map.of("compression.type", "lz4", "compression.lz4.level", 9,
                "compression.gzip.level", 9));
        assertTrue(settings.config().unused().contains("compression.gzip.level"));
        assertFalse(settings.config().unused().contains("compression.lz4.level"));
    }

    @Test
    void shouldReadPropertiesWithTheirDefaultsAndObjects() {
        Properties defaults = new Properties();
        defaults.setProperty("linger.ms", "7");
        Properties properties = new Properties(defaults);
        properties.put("batch.size", 100);
        assertEquals(Map.of("linger.ms", "7", "batch.size", 100), ConfigParser.toMap(properties));
        properties.put(1, "x");
        assertThrows(ConfigException.class, () -> ConfigParser.toMap(properties));
    }

    private static ProducerSettings settings(Map<String, Object> configs) {
        Map<String, Object> complete = new HashMap<>(configs);
        complete.put("bootstrap.servers", "localhost:1");
        return ProducerSettings.of(ConfigParser.parse(complete, new ByteArraySerializer(), new ByteArraySerializer()));
    }

    @Test
    void shouldBatchAsKafkaUnlessToldOtherwise() {
        assertEquals(new ProducerSettings.Extras(false, 16384, 0), settings(Map.of()).extras());
        // Kafka takes this, so we do: a batch may never become that large.
        assertEquals(new ProducerSettings.Extras(false, 4 << 20, 0), settings(Map.of("batch.size", 4 << 20)).extras());
    }

    @Test
    void shouldReadItsOwnKeys() {
        assertEquals(new ProducerSettings.Extras(true, 500_000, 3),
                settings(Map.of("millrace.linger.adaptive", "true", "millrace.batch.max.bytes", "500000",
                        "millrace.callback.threads", "3")).extras());
    }

    @Test
    void shouldRefuseCallbackThreadsThatAreNoneOrTooMany() {
        for (int threads : new int[] {-1, 65}) {
            ConfigException e = assertThrows(ConfigException.class, () -> settings(Map.of("millrace.callback.threads", threads)));
            assertTrue(e.getMessage().contains("millrace.callback.threads"), e.getMessage());
        }
    }

    @Test
    void shouldRefuseBatchesThatGrowToLessThanTheyAreOrMoreThanARequest() {
        for (int bytes : new int[] {-1, 1, 16383, (1 << 20) + 1}) {
            ConfigException e = assertThrows(ConfigException.class, () -> settings(Map.of("millrace.batch.max.bytes", bytes)));
            assertTrue(e.getMessage().contains("millrace.batch.max.bytes"), e.getMessage());
        }
    }
}
