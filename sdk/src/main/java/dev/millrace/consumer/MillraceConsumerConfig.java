package dev.millrace.consumer;

import java.util.Locale;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.ValidString;
import org.apache.kafka.common.config.ConfigException;

/**
 * The config keys of {@code ParallelConsumer} that {@link org.apache.kafka.clients.consumer.ConsumerConfig} does not have. What the
 * builder says goes over them.
 */
public final class MillraceConsumerConfig {

    /** {@code millrace.consumer.ordering}: {@code key} (default), {@code partition} or {@code unordered}; see {@link ProcessingOrder}. */
    public static final String ORDERING_CONFIG = "millrace.consumer.ordering";

    /** {@code millrace.consumer.concurrency}, int, 16, from 1 to 100,000: records that are handled at once, at most. */
    public static final String CONCURRENCY_CONFIG = "millrace.consumer.concurrency";

    /**
     * {@code millrace.consumer.virtual.threads}, boolean, false: handlers run on virtual threads; needs a JDK 21 or newer. Allowed with an
     * {@link AsyncRecordHandler}, which gains nothing by it: as many threads as there are processors begin its work.
     */
    public static final String VIRTUAL_THREADS_CONFIG = "millrace.consumer.virtual.threads";

    /**
     * {@code millrace.consumer.batch.size}, int, records, 100, from 1 to {@code millrace.consumer.max.in.flight.records}: the most a
     * {@link BatchHandler} is given at once. Of no effect on other handlers.
     */
    public static final String BATCH_SIZE_CONFIG = "millrace.consumer.batch.size";

    /** {@code millrace.consumer.commit.interval.ms}, long, 1,000, from 1: time between two commits. */
    public static final String COMMIT_INTERVAL_MS_CONFIG = "millrace.consumer.commit.interval.ms";

    /** {@code millrace.consumer.commit.records}, int, 0 (off): commit also when so many records are done since the last commit. */
    public static final String COMMIT_RECORDS_CONFIG = "millrace.consumer.commit.records";

    /**
     * {@code millrace.consumer.transaction.interval.ms}, long, 100, from 1: time between two transactions of a transactional consumer,
     * which commits in no other way: the two keys before do not matter to it. So long, at most, a record that was handled waits for its
     * outputs to be sent, while transactions succeed.
     */
    public static final String TRANSACTION_INTERVAL_MS_CONFIG = "millrace.consumer.transaction.interval.ms";

    /**
     * {@code millrace.consumer.transaction.records}, int, from 1: the most records that one transaction is for, and when as many are done,
     * one begins without waiting for its interval. Records that wait for theirs count as in flight. Default: 5,000, at most half of
     * {@code millrace.consumer.max.in.flight.records}, which must not be less.
     */
    public static final String TRANSACTION_RECORDS_CONFIG = "millrace.consumer.transaction.records";

    /**
     * {@code millrace.consumer.max.in.flight.records}, int, 20,000, from {@code millrace.consumer.concurrency}: records that were fetched
     * and are not done, over all partitions. From then on those partitions are paused that have their share of it, which is this by the
     * number of partitions: one that stands still does not keep the others from theirs. A poll may go over either by
     * {@code max.poll.records}, which may not be above this, and is 2,000 or this, whichever is less, unless it is given; where nothing at all
     * is done, there may in the end be twice as many, and that much more of each partition.
     */
    public static final String MAX_IN_FLIGHT_RECORDS_CONFIG = "millrace.consumer.max.in.flight.records";

    /**
     * {@code millrace.consumer.max.in.flight.bytes}, long, 67,108,864, from 1: the same in bytes of keys and values, with those of what
     * transactional handlers have sent, until it is committed.
     */
    public static final String MAX_IN_FLIGHT_BYTES_CONFIG = "millrace.consumer.max.in.flight.bytes";

    /**
     * {@code millrace.consumer.max.partition.in.flight.records}, int, 10,000, from 1 to {@code millrace.consumer.max.in.flight.records} where
     * it is given: the same of one partition, which alone is paused.
     */
    public static final String MAX_PARTITION_IN_FLIGHT_RECORDS_CONFIG = "millrace.consumer.max.partition.in.flight.records";

    /**
     * {@code millrace.consumer.max.parked.records}, int, 10,000, from 0: records that wait for their retry or their time, or behind
     * such a one, and do not count as in flight. What is beyond does.
     */
    public static final String MAX_PARKED_RECORDS_CONFIG = "millrace.consumer.max.parked.records";

    /**
     * {@code millrace.consumer.drain.timeout.ms}, long, from 0: how long a partition that is taken away waits for handlers that run.
     * Twice this, for the commit may take as long, must be below {@code max.poll.interval.ms}, or the group would throw the consumer out
     * meanwhile. Nor, with {@code group.protocol=classic}, may it be above {@code session.timeout.ms} less
     * {@code heartbeat.interval.ms}: then handlers are over before the partitions are another's even when the consumer is cut off while it
     * waits. (With {@code group.protocol=consumer} the session's length is the brokers' and not known here; keep it below
     * {@code group.consumer.session.timeout.ms}.) Default: 30,000, or less where these limits, the first one divided by 3, are less.
     */
    public static final String DRAIN_TIMEOUT_MS_CONFIG = "millrace.consumer.drain.timeout.ms";

    /** {@code millrace.consumer.handler.timeout.ms}, long, 300,000, from 1, or 0 (off): when a handler that still runs is reported. */
    public static final String HANDLER_TIMEOUT_MS_CONFIG = "millrace.consumer.handler.timeout.ms";

    /**
     * {@code millrace.consumer.undecodable}: {@code dead-letter}, {@code skip} or {@code stop}; see {@link UndecodableRecords}. Default:
     * {@code dead-letter} where there are dead letters, else {@code stop}.
     */
    public static final String UNDECODABLE_CONFIG = "millrace.consumer.undecodable";

    /** {@code millrace.consumer.expire.after.ms}, long, 0 (off): records older than this by their timestamp are done without a handler. */
    public static final String EXPIRE_AFTER_MS_CONFIG = "millrace.consumer.expire.after.ms";

    /**
     * {@code millrace.consumer.max.records.per.second}, double, 0 (no limit), from 0: how many records may be begun in a second, those that
     * are tried again included. After a pause at most a tenth of a second's worth comes at once.
     */
    public static final String MAX_RECORDS_PER_SECOND_CONFIG = "millrace.consumer.max.records.per.second";

    private static final int MAX_CONCURRENCY = 100_000;
    private static final long DEFAULT_IN_FLIGHT_BYTES = 64L << 20;

    private static final ConfigDef.Validator AT_LEAST_ONE_IF_GIVEN = ConfigDef.LambdaValidator.with((key, value) -> {
        if (value != null)
            Range.atLeast(1).ensureValid(key, value);
    }, () -> "[1,...]");

    private static final ConfigDef CONFIG = new ConfigDef()
            .define(ORDERING_CONFIG, Type.STRING, "key", oneOf("key", "partition", "unordered"), Importance.HIGH,
                    "Which records must not overtake each other: key, partition or unordered.")
            .define(CONCURRENCY_CONFIG, Type.INT, 16, Range.between(1, MAX_CONCURRENCY), Importance.HIGH,
                    "Records that are handled at once, at most.")
            .define(VIRTUAL_THREADS_CONFIG, Type.BOOLEAN, false, Importance.MEDIUM, "Whether handlers run on virtual threads.")
            .define(BATCH_SIZE_CONFIG, Type.INT, 100, Range.atLeast(1), Importance.MEDIUM,
                    "The most records that a batch handler is given at once.")
            .define(COMMIT_INTERVAL_MS_CONFIG, Type.LONG, 1000L, Range.atLeast(1), Importance.MEDIUM, "Time between two commits, ms.")
            .define(COMMIT_RECORDS_CONFIG, Type.INT, 0, Range.atLeast(0), Importance.LOW,
                    "Commit also when so many records are done since the last commit; 0 for by time only.")
            .define(TRANSACTION_INTERVAL_MS_CONFIG, Type.LONG, 100L, Range.atLeast(1), Importance.MEDIUM,
                    "Time between two transactions of a transactional consumer, ms.")
            .define(TRANSACTION_RECORDS_CONFIG, Type.INT, null, AT_LEAST_ONE_IF_GIVEN, Importance.MEDIUM,
                    "The most records that one transaction is for; by default 5000, at most half of " + MAX_IN_FLIGHT_RECORDS_CONFIG + ".")
            .define(MAX_IN_FLIGHT_RECORDS_CONFIG, Type.INT, 20_000, Range.atLeast(1), Importance.MEDIUM,
                    "Records that were fetched and are not done, over all partitions.")
            .define(MAX_IN_FLIGHT_BYTES_CONFIG, Type.LONG, DEFAULT_IN_FLIGHT_BYTES, Range.atLeast(1), Importance.MEDIUM,
                    "Bytes of keys and values that were fetched and are not done, over all partitions.")
            .define(MAX_PARTITION_IN_FLIGHT_RECORDS_CONFIG, Type.INT, 10_000, Range.atLeast(1), Importance.MEDIUM,
                    "Records of one partition that were fetched and are not done.")
            .define(MAX_PARKED_RECORDS_CONFIG, Type.INT, 10_000, Range.atLeast(0), Importance.MEDIUM,
                    "Records that wait for a retry or a time and do not count as in flight.")
            .define(DRAIN_TIMEOUT_MS_CONFIG, Type.LONG, null, Importance.MEDIUM,
                    "How long a partition that is taken away waits for its running handlers, ms; by default a third of max.poll.interval.ms,"
                            + " at most 30000.")
            .define(HANDLER_TIMEOUT_MS_CONFIG, Type.LONG, 300_000L, Range.atLeast(0), Importance.LOW,
                    "When a handler that still runs is reported, ms; 0 for never.")
            .define(UNDECODABLE_CONFIG, Type.STRING, null, oneOf("dead-letter", "skip", "stop"), Importance.MEDIUM,
                    "What happens to a record that can't be deserialized: dead-letter, skip or stop.")
            .define(EXPIRE_AFTER_MS_CONFIG, Type.LONG, 0L, Range.atLeast(0), Importance.LOW,
                    "Records older than this by their timestamp are done without a handler, ms; 0 for off.")
            .define(MAX_RECORDS_PER_SECOND_CONFIG, Type.DOUBLE, 0.0, rate(), Importance.LOW,
                    "How many records may be begun in a second; 0 for no limit.");

    private MillraceConsumerConfig() {
    }

    /** Names, types, defaults and ranges of all keys; a copy. */
    public static ConfigDef configDef() {
        return new ConfigDef(CONFIG);
    }

    private static ConfigDef.Validator rate() {
        return ConfigDef.LambdaValidator.with((key, value) -> {
            double rate = (double) value;
            if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY))
                throw new ConfigException(key, value, "must be 0 (no limit) or a number above.");
        }, () -> "[0,...]");
    }

    private static ConfigDef.Validator oneOf(String... names) {
        ValidString exact = ValidString.in(Stream.concat(Stream.of((String) null), Stream.of(names)).toArray(String[]::new));
        return ConfigDef.LambdaValidator.with(
                (key, value) -> exact.ensureValid(key, value == null ? null : value.toString().toLowerCase(Locale.ROOT)),
                () -> String.join(", ", names));
    }
}
