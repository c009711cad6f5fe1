package dev.millrace.producer;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * The config keys of {@code MillraceProducer} that {@link org.apache.kafka.clients.producer.ProducerConfig} does not have. All
 * are off by default: without them the producer batches, waits and calls back as {@code KafkaProducer} does.
 */
public final class MillraceProducerConfig {

    /**
     * {@code millrace.linger.adaptive}, boolean, false: an open batch is sent at once while fewer than four requests are on
     * their way to its broker, and waits while there are more; {@code linger.ms} is then only the longest that it waits. Lower
     * latency at rates the broker keeps up with, for more and smaller requests.
     */
    public static final String LINGER_ADAPTIVE_CONFIG = "millrace.linger.adaptive";

    /**
     * {@code millrace.batch.max.bytes}, int, bytes, 0 (off): while other batches wait before it, an open batch that has reached
     * {@code batch.size} goes on growing, up to so many (compressed) bytes. Fewer and larger batches when brokers are
     * slower than the records come. 0, or from {@code batch.size} to {@code max.request.size}; brokers and topics have a limit
     * of their own ({@code max.message.bytes}, 1 MiB by default).
     */
    public static final String BATCH_MAX_BYTES_CONFIG = "millrace.batch.max.bytes";

    /**
     * {@code millrace.callback.threads}, int, 0 (off) to 64: callbacks, and interceptors' {@code onAcknowledgement}, run on so many
     * threads of the producer's own instead of its network thread, so that slow ones do not stop the sending. Those of a partition
     * run on one thread, in the order of its records; those of different partitions may run at the same time. A batch keeps its
     * memory until its callbacks have returned, so {@code buffer.memory} bounds what waits for them.
     */
    public static final String CALLBACK_THREADS_CONFIG = "millrace.callback.threads";

    private static final int MAX_CALLBACK_THREADS = 64;

    private static final ConfigDef CONFIG = new ConfigDef()
            .define(LINGER_ADAPTIVE_CONFIG, Type.BOOLEAN, false, Importance.MEDIUM, "Whether an open batch is sent at once while"
                    + " fewer than four requests are on their way to its broker; linger.ms is then only the longest that it waits.")
            .define(BATCH_MAX_BYTES_CONFIG, Type.INT, 0, Range.atLeast(0), Importance.LOW, "Bytes up to which an open batch"
                    + " goes on growing beyond batch.size while other batches wait before it; 0 for batch.size. At most"
                    + " max.request.size.")
            .define(CALLBACK_THREADS_CONFIG, Type.INT, 0, Range.between(0, MAX_CALLBACK_THREADS), Importance.LOW, "Threads that"
                    + " callbacks run on, those of a partition in order; 0 for the network thread.");

    private MillraceProducerConfig() {
    }

    /** Names, types, defaults and ranges of all keys; a copy. */
    public static ConfigDef configDef() {
        return new ConfigDef(CONFIG);
    }
}
