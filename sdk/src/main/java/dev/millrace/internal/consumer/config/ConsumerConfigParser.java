package dev.millrace.internal.consumer.config;

import dev.millrace.consumer.MillraceConsumerConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;

/** From what a user hands to the builder to settings that hold together. */
public final class ConsumerConfigParser {

    private static final long LONGEST_DRAIN_MS = 30_000;
    private static final long POLL_MS = 100;
    /** Kafka's 500 is for loops that handle records between two polls. */
    private static final int DEFAULT_MAX_POLL_RECORDS = 2_000;

    private static final int DEFAULT_TRANSACTION_RECORDS = 5_000;
    private static final String READ_COMMITTED = "read_committed";

    private final Map<String, Object> given;
    private final boolean transactional;
    private final AbstractConfig own;
    private final ConsumerConfig kafka;

    /** @throws ConfigException for any value that is not valid, and for keys that don't go together */
    public ConsumerConfigParser(Map<String, ?> configs) {
        this(configs, false);
    }

    /**
     * @param transactional whether offsets are committed in a producer's transactions
     * @throws ConfigException for any value that is not valid, and for keys that don't go together
     */
    public ConsumerConfigParser(Map<String, ?> configs, boolean transactional) {
        given = new HashMap<>(configs);
        this.transactional = transactional;
        refuse();
        own = new OwnConfig(MillraceConsumerConfig.configDef(), given);
        kafka = new QuietConsumerConfig(kafkaConfig());
        if (kafka.getString(ConsumerConfig.GROUP_ID_CONFIG) == null)
            throw new ConfigException(ConsumerConfig.GROUP_ID_CONFIG, null, "must be given: the parallel consumer commits for a group.");
        // Made up where none was given; whatever is made of this is to have the same.
        given.put(ConsumerConfig.CLIENT_ID_CONFIG, kafka.getString(ConsumerConfig.CLIENT_ID_CONFIG));
        checkBudgets();
        checkDrain();
        checkTransactions();
    }

    private static final class OwnConfig extends AbstractConfig {
        OwnConfig(ConfigDef definition, Map<String, Object> given) {
            super(definition, given, false);
        }
    }

    private static final class QuietConsumerConfig extends ConsumerConfig {
        QuietConsumerConfig(Map<String, Object> given) {
            super(given, false);
        }
    }

    private void refuse() {
        Object autoCommit = given.get(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG);
        if (autoCommit != null && Boolean.parseBoolean(autoCommit.toString()))
            throw new ConfigException(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, autoCommit,
                    "must be false: auto-commit commits what was polled, whether it is done or not. The parallel consumer commits itself.");
        Object interceptors = given.get(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG);
        if (interceptors != null && !interceptors.toString().isBlank() && !List.of().equals(interceptors))
            throw new ConfigException(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG, interceptors,
                    "is not possible here: interceptors are called with what was polled, which are bytes until a worker deserializes"
                            + " them. Do in the handler what an interceptor would.");
    }

    /** What Kafka's consumer is made with: it gives out bytes, and commits nothing by itself. */
    public Map<String, Object> kafkaConfig() {
        Map<String, Object> configs = new HashMap<>(given);
        MillraceConsumerConfig.configDef().names().forEach(configs::remove);
        configs.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteBufferDeserializer.class);
        configs.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteBufferDeserializer.class);
        configs.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        if (transactional)
            configs.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, READ_COMMITTED);
        configs.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, Math.min(DEFAULT_MAX_POLL_RECORDS, inFlightRecords()));
        return configs;
    }

    /** The values of {@link #kafkaConfig}. */
    public ConsumerConfig kafka() {
        return kafka;
    }

    /** The values of {@link MillraceConsumerConfig}. */
    public AbstractConfig own() {
        return own;
    }

    /** What the poll thread goes by. */
    public ConsumerSettings settings() {
        int records = inFlightRecords();
        long bytes = own.getLong(MillraceConsumerConfig.MAX_IN_FLIGHT_BYTES_CONFIG);
        ConsumerSettings.Budget budget = new ConsumerSettings.Budget(records, bytes,
                own.getInt(MillraceConsumerConfig.MAX_PARTITION_IN_FLIGHT_RECORDS_CONFIG), bytes,
                own.getInt(MillraceConsumerConfig.MAX_PARKED_RECORDS_CONFIG));
        long handlerTimeoutMs = own.getLong(MillraceConsumerConfig.HANDLER_TIMEOUT_MS_CONFIG);
        long commitMs = own.getLong(transactional ? MillraceConsumerConfig.TRANSACTION_INTERVAL_MS_CONFIG
                : MillraceConsumerConfig.COMMIT_INTERVAL_MS_CONFIG);
        int commitRecords = transactional ? transactionRecords() : own.getInt(MillraceConsumerConfig.COMMIT_RECORDS_CONFIG);
        return new ConsumerSettings(POLL_MS, commitMs, commitRecords, budget, drainMs(),
                handlerTimeoutMs == 0 ? Long.MAX_VALUE : handlerTimeoutMs, kafka.getLong(ConsumerConfig.RETRY_BACKOFF_MS_CONFIG),
                own.getDouble(MillraceConsumerConfig.MAX_RECORDS_PER_SECOND_CONFIG));
    }

    private int transactionRecords() {
        Integer records = own.getInt(MillraceConsumerConfig.TRANSACTION_RECORDS_CONFIG);
        return records != null ? records
                : Math.min(DEFAULT_TRANSACTION_RECORDS, Math.max(1, own.getInt(MillraceConsumerConfig.MAX_IN_FLIGHT_RECORDS_CONFIG) / 2));
    }

    private void checkTransactions() {
        if (!transactional)
            return;
        Object isolation = given.get(ConsumerConfig.ISOLATION_LEVEL_CONFIG);
        if (isolation != null && !READ_COMMITTED.equalsIgnoreCase(isolation.toString()))
            throw new ConfigException(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation, "must be " + READ_COMMITTED + " with a transactional"
                    + " handler: what came of records whose transaction is aborted would be committed, and the offsets where a partition"
                    + " begins could be those of a transaction that is not decided.");
        int inFlight = own.getInt(MillraceConsumerConfig.MAX_IN_FLIGHT_RECORDS_CONFIG);
        if (transactionRecords() > inFlight)
            throw new ConfigException(MillraceConsumerConfig.TRANSACTION_RECORDS_CONFIG, transactionRecords(), "must not be more than "
                    + MillraceConsumerConfig.MAX_IN_FLIGHT_RECORDS_CONFIG + " (" + inFlight + "): records that wait for their transaction"
                    + " are in flight.");
    }

    // ---------------------------------------------------------------- what can't go together

    private int inFlightRecords() {
        return own.getInt(MillraceConsumerConfig.MAX_IN_FLIGHT_RECORDS_CONFIG);
    }

    /** More of one thing than there can ever be of another is a mistake somewhere: better to hear of it than to wonder. */
    private void checkBudgets() {
        int concurrency = own.getInt(MillraceConsumerConfig.CONCURRENCY_CONFIG);
        if (inFlightRecords() < concurrency)
            throw new ConfigException(MillraceConsumerConfig.MAX_IN_FLIGHT_RECORDS_CONFIG, inFlightRecords(), "must be at least "
                    + MillraceConsumerConfig.CONCURRENCY_CONFIG + " (" + concurrency + "): records that are handled are in flight, so no"
                    + " more than that many would ever be handled at once.");
        atMostInFlight(MillraceConsumerConfig.MAX_PARTITION_IN_FLIGHT_RECORDS_CONFIG, "one partition can't have more in flight than all"
                + " partitions together");
        atMostInFlight(MillraceConsumerConfig.BATCH_SIZE_CONFIG, "no batch could ever be that large");
        atMostInFlight(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "a single poll would go over that");
    }

    /** Defaults are no wish of the user's: what goes beyond has no effect. */
    private void atMostInFlight(String key, String reason) {
        if (given.get(key) == null)
            return;
        int value = (key.equals(ConsumerConfig.MAX_POLL_RECORDS_CONFIG) ? kafka : own).getInt(key);
        if (value > inFlightRecords())
            throw new ConfigException(key, value, "must be at most " + MillraceConsumerConfig.MAX_IN_FLIGHT_RECORDS_CONFIG + " ("
                    + inFlightRecords() + "): " + reason + ".");
    }

    private long drainMs() {
        Long drainMs = own.getLong(MillraceConsumerConfig.DRAIN_TIMEOUT_MS_CONFIG);
        if (drainMs != null)
            return drainMs;
        // A third, so that drain and commit together stay below.
        return Math.max(0, Math.min(Math.min(LONGEST_DRAIN_MS, maxPollIntervalMs() / 3), sessionLeftMs()));
    }

    /**
     * How long a session lasts at least from any moment on, when from then on no heartbeat gets through. Unlimited where the session's length
     * is the brokers' ({@code group.protocol=consumer}).
     *
     * <p>A drain does not endanger the session by itself: another thread sends heartbeats meanwhile, and a group that rebalances waits for its
     * members until {@code max.poll.interval.ms}, in both protocols. But this thread does not poll while it drains, and so does not
     * hear that the group has thrown it out, when it was cut off or stood still. If the drain is over before the group can do
     * that, no handler still runs when the next owner's begin.
     */
    private long sessionLeftMs() {
        if (kafka.getString(ConsumerConfig.GROUP_PROTOCOL_CONFIG).equalsIgnoreCase(GroupProtocol.CONSUMER.name()))
            return Long.MAX_VALUE;
        return kafka.getInt(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG) - kafka.getInt(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);
    }

    private int maxPollIntervalMs() {
        return kafka.getInt(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG);
    }

    private void checkDrain() {
        long drainMs = drainMs();
        if (drainMs < 0)
            throw new ConfigException(MillraceConsumerConfig.DRAIN_TIMEOUT_MS_CONFIG, drainMs, "must be 0 or more.");
        if (drainMs > (maxPollIntervalMs() - 1) / 2)
            throw new ConfigException(MillraceConsumerConfig.DRAIN_TIMEOUT_MS_CONFIG, drainMs, "must be less than half of "
                    + ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG + " (" + maxPollIntervalMs() + "): partitions that are given up are drained"
                    + " and then committed, each within this time, and the group waits no longer than that for both.");
        if (drainMs > Math.max(0, sessionLeftMs()))
            throw new ConfigException(MillraceConsumerConfig.DRAIN_TIMEOUT_MS_CONFIG, drainMs, "must be at most "
                    + ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG + " (" + kafka.getInt(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG) + ") less "
                    + ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG + " (" + kafka.getInt(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG)
                    + "): when this consumer is cut off from the group while it waits for its handlers, they must be over before others"
                    + " are given its partitions. Give a longer session, or less time to drain.");
    }
}
