package dev.millrace.internal.producer.config;

import dev.millrace.producer.MillraceProducerConfig;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every value the engine itself reads, typed and final, one record for each part of the engine that reads them.
 *
 * <p>Ranges are {@link ProducerConfig}'s, which has checked them already; {@link #of} adds the checks and coercions
 * that {@code KafkaProducer} makes after parsing. Keys that only kafka-clients' network, security and metrics classes
 * read are not repeated here: those classes take the {@link #config()} itself.
 *
 * @param config          where the values came from
 * @param clientId        as configured, else {@code producer-<transactional id>} or {@code producer-<n>}
 * @param batching        for the accumulator
 * @param compression     for the accumulator
 * @param delivery        for the sender
 * @param partitioning    for the facade and the built-in partitioner
 * @param transactions    for the transaction state
 * @param metadataCaching for the metadata
 * @param extras          what Kafka's producer has not, all off by default
 */
public record ProducerSettings(ProducerConfig config, String clientId, Batching batching, Compression compression,
                               Delivery delivery, Partitioning partitioning, Transactions transactions,
                               MetadataCaching metadataCaching, Extras extras) {
    private static final Logger LOG = LoggerFactory.getLogger(ProducerSettings.class);

    /**
     * How records wait and how large things may get.
     *
     * @param batchSize      bytes, at least 1: {@code batch.size=0} means one record a batch, which 1 byte gives
     * @param lingerMs       capped at {@link Integer#MAX_VALUE}, as Kafka caps its {@code long} key
     * @param bufferMemory   bytes, 0 or more
     * @param maxBlockMs     how long {@code send} may wait for metadata and memory together, 0 or more
     * @param maxRequestSize bytes, 0 or more; bounds a single record, too
     */
    public record Batching(int batchSize, int lingerMs, long bufferMemory, long maxBlockMs, int maxRequestSize) {
    }

    /**
     * @param type  Kafka's name: {@code none}, {@code gzip}, {@code snappy}, {@code lz4} or {@code zstd}
     * @param level of that type's own scale; 0 and without meaning for {@code none} and {@code snappy}
     */
    public record Compression(String type, int level) {
    }

    /**
     * What becomes of a batch on the wire.
     *
     * @param acks              -1 (all), 0 or 1
     * @param retries           0 or more
     * @param idempotent        after Kafka's coercion: false when {@code acks} or {@code retries} do not allow it
     * @param maxInFlight       requests per connection, 1 or more; at most 5 when idempotent
     * @param deliveryTimeoutMs at least {@code lingerMs + requestTimeoutMs}
     * @param requestTimeoutMs  0 or more
     * @param retryBackoffMs    first pause before a retry, 0 or more
     * @param retryBackoffMaxMs the longest pause; the pause is constant when it is below {@code retryBackoffMs}
     */
    public record Delivery(short acks, int retries, boolean idempotent, int maxInFlight, int deliveryTimeoutMs,
                           int requestTimeoutMs, long retryBackoffMs, long retryBackoffMaxMs) {
    }

    /**
     * What the engine has to do with choosing partitions; the partitioner reads its own keys itself.
     *
     * @param ignoreKeys            choose a partition for records with a key as if they had none
     * @param availabilityTimeoutMs a leader that accepts nothing for so long is avoided; 0: never
     */
    public record Partitioning(boolean ignoreKeys, long availabilityTimeoutMs) {
    }

    /**
     * @param transactionalId null for a producer without transactions
     * @param timeoutMs       after which the broker aborts a transaction that was left open
     */
    public record Transactions(String transactionalId, int timeoutMs) {
    }

    /**
     * @param maxAgeMs  metadata older than this is fetched anew, 0 or more
     * @param maxIdleMs a topic not sent to for so long is forgotten, 5000 or more
     */
    public record MetadataCaching(long maxAgeMs, long maxIdleMs) {
    }

    /**
     * The values of {@link MillraceProducerConfig}.
     *
     * @param adaptiveLinger batches are sent at once while only few requests are on their way
     * @param batchMaxBytes  at least {@code batchSize}; equal to it when batches do not grow
     * @param callbackThreads 0 for callbacks on the network thread
     */
    public record Extras(boolean adaptiveLinger, int batchMaxBytes, int callbackThreads) {
    }

    /**
     * Reads the values once.
     *
     * @throws ConfigException when the user set a {@code delivery.timeout.ms} below
     *                         {@code linger.ms + request.timeout.ms}
     */
    public static ProducerSettings of(ProducerConfig config) {
        Batching batching = batching(config);
        return new ProducerSettings(config, config.getString(ProducerConfig.CLIENT_ID_CONFIG), batching,
                compression(config), delivery(config, batching.lingerMs()), partitioning(config),
                transactions(config), metadataCaching(config), extras(config, batching));
    }

    private static Batching batching(ProducerConfig config) {
        return new Batching(
                Math.max(1, config.getInt(ProducerConfig.BATCH_SIZE_CONFIG)),
                (int) Math.min(config.getLong(ProducerConfig.LINGER_MS_CONFIG), Integer.MAX_VALUE),
                config.getLong(ProducerConfig.BUFFER_MEMORY_CONFIG),
                config.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG),
                config.getInt(ProducerConfig.MAX_REQUEST_SIZE_CONFIG));
    }

    private static Compression compression(ProducerConfig config) {
        String type = config.getString(ProducerConfig.COMPRESSION_TYPE_CONFIG);
        // Only the level of the chosen type is read, so that the others are named in the warning of unused keys.
        int level = switch (type) {
            case "gzip" -> config.getInt(ProducerConfig.COMPRESSION_GZIP_LEVEL_CONFIG);
            case "lz4" -> config.getInt(ProducerConfig.COMPRESSION_LZ4_LEVEL_CONFIG);
            case "zstd" -> config.getInt(ProducerConfig.COMPRESSION_ZSTD_LEVEL_CONFIG);
            default -> 0;
        };
        return new Compression(type, level);
    }

    private static Delivery delivery(ProducerConfig config, int lingerMs) {
        int requestTimeoutMs = config.getInt(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG);
        return new Delivery(
                Short.parseShort(config.getString(ProducerConfig.ACKS_CONFIG)), // Kafka has made "all" a number
                config.getInt(ProducerConfig.RETRIES_CONFIG),
                config.getBoolean(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG),
                config.getInt(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION),
                deliveryTimeoutMs(config, lingerMs, requestTimeoutMs),
                requestTimeoutMs,
                config.getLong(ProducerConfig.RETRY_BACKOFF_MS_CONFIG),
                config.getLong(ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG));
    }

    private static int deliveryTimeoutMs(ProducerConfig config, int lingerMs, int requestTimeoutMs) {
        int configuredMs = config.getInt(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
        int leastMs = (int) Math.min((long) lingerMs + requestTimeoutMs, Integer.MAX_VALUE);
        if (configuredMs >= leastMs) {
            return configuredMs;
        }
        String rule = ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG + " should be equal to or larger than "
                + ProducerConfig.LINGER_MS_CONFIG + " + " + ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG;
        if (config.originals().containsKey(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG)) {
            throw new ConfigException(rule); // Kafka's words: programs and people look for them
        }
        LOG.warn("{}: raising it from its default {} to {} ({} + {}).", rule, configuredMs, leastMs, lingerMs,
                requestTimeoutMs);
        return leastMs;
    }

    private static Partitioning partitioning(ProducerConfig config) {
        return new Partitioning(
                config.getBoolean(ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG),
                config.getLong(ProducerConfig.PARTITIONER_AVAILABILITY_TIMEOUT_MS_CONFIG));
    }

    private static Transactions transactions(ProducerConfig config) {
        return new Transactions(
                config.getString(ProducerConfig.TRANSACTIONAL_ID_CONFIG),
                config.getInt(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG));
    }

    private static MetadataCaching metadataCaching(ProducerConfig config) {
        return new MetadataCaching(
                config.getLong(ProducerConfig.METADATA_MAX_AGE_CONFIG),
                config.getLong(ProducerConfig.METADATA_MAX_IDLE_CONFIG));
    }

    private static Extras extras(ProducerConfig config, Batching batching) {
        Map<String, Object> own = MillraceProducerConfig.configDef().parse(config.originals());
        int maxBytes = (int) own.get(MillraceProducerConfig.BATCH_MAX_BYTES_CONFIG);
        if (maxBytes != 0 && maxBytes < batching.batchSize() || maxBytes > batching.maxRequestSize()) {
            throw new ConfigException(MillraceProducerConfig.BATCH_MAX_BYTES_CONFIG, maxBytes, "must be 0, or at least "
                    + ProducerConfig.BATCH_SIZE_CONFIG + " (" + batching.batchSize() + ") and at most "
                    + ProducerConfig.MAX_REQUEST_SIZE_CONFIG + " (" + batching.maxRequestSize() + ")");
        }
        return new Extras((boolean) own.get(MillraceProducerConfig.LINGER_ADAPTIVE_CONFIG),
                Math.max(maxBytes, batching.batchSize()), (int) own.get(MillraceProducerConfig.CALLBACK_THREADS_CONFIG));
    }
}
