package dev.millrace;

import dev.millrace.internal.producer.KafkaVersion;
import dev.millrace.internal.producer.config.ConfigParser;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.serialization.Serializer;

/**
 * A Kafka producer with an engine of its own: a drop-in for {@code KafkaProducer} with the same interface, config keys
 * ({@link org.apache.kafka.clients.producer.ProducerConfig}), defaults, exceptions and metrics. Needs kafka-clients 4.3.x.
 *
 * <p>Thread-safe, and meant to be shared: records of all threads meet in the same batches. Callbacks run on the producer's
 * one network thread, for a partition in the order of its records; they must not block. With
 * {@link dev.millrace.producer.MillraceProducerConfig#CALLBACK_THREADS_CONFIG} they run on threads of their own, and may be slow.
 *
 * <p>With a {@code transactional.id}, records are sent within transactions only: {@link #initTransactions} once, then
 * {@link #beginTransaction}, {@link #send} from any thread, and {@link #commitTransaction} or {@link #abortTransaction}. A
 * transaction that is open when the producer is closed is aborted.
 *
 * <pre>{@code
 * try (Producer<String, String> producer = new MillraceProducer<>(Map.of(
 *         "bootstrap.servers", "localhost:9092",
 *         "key.serializer", StringSerializer.class,
 *         "value.serializer", StringSerializer.class))) {
 *     producer.send(new ProducerRecord<>("orders", "key", "value"));
 * }
 * }</pre>
 *
 * @param <K> type of the records' keys
 * @param <V> type of the records' values
 */
public class MillraceProducer<K, V> implements Producer<K, V> {

    // KafkaProducer's names: people look for them in thread dumps and dashboards.
    /** How the name of the thread begins that callbacks run on; the client's id comes behind it. */
    public static final String NETWORK_THREAD_PREFIX = "kafka-producer-network-thread";
    /** The group of those {@link #metrics} that are neither of a topic nor of a node. */
    public static final String PRODUCER_METRIC_GROUP_NAME = "producer-metrics";

    // Behind the facade, so that no class that needs kafka-clients' inside is loaded before its version was checked.
    private final ProducerEngine<K, V> engine;

    /**
     * A producer with serializers from the configuration.
     *
     * @param configs keys and values of {@link org.apache.kafka.clients.producer.ProducerConfig}
     * @throws org.apache.kafka.common.config.ConfigException for a missing or wrong value
     * @throws org.apache.kafka.common.KafkaException when the producer can't be made for another reason
     */
    public MillraceProducer(Map<String, Object> configs) {
        this(configs, null, null);
    }

    /**
     * A producer with the given serializers, which are not configured but closed by it.
     *
     * @param configs keys and values of {@link org.apache.kafka.clients.producer.ProducerConfig}
     * @param keySerializer null to take {@code key.serializer}
     * @param valueSerializer null to take {@code value.serializer}
     * @throws org.apache.kafka.common.config.ConfigException for a missing or wrong value
     * @throws org.apache.kafka.common.KafkaException when the producer can't be made for another reason
     */
    public MillraceProducer(Map<String, Object> configs, Serializer<K> keySerializer, Serializer<V> valueSerializer) {
        KafkaVersion.check();
        engine = ProducerEngine.create(configs, keySerializer, valueSerializer);
    }

    /**
     * A producer with serializers from the configuration.
     *
     * @param properties keys and values of {@link org.apache.kafka.clients.producer.ProducerConfig}
     * @throws org.apache.kafka.common.config.ConfigException for a missing or wrong value
     * @throws org.apache.kafka.common.KafkaException when the producer can't be made for another reason
     */
    public MillraceProducer(Properties properties) {
        this(properties, null, null);
    }

    /**
     * A producer with the given serializers, which are not configured but closed by it.
     *
     * @param properties keys and values of {@link org.apache.kafka.clients.producer.ProducerConfig}
     * @param keySerializer null to take {@code key.serializer}
     * @param valueSerializer null to take {@code value.serializer}
     * @throws org.apache.kafka.common.config.ConfigException for a missing or wrong value
     * @throws org.apache.kafka.common.KafkaException when the producer can't be made for another reason
     */
    public MillraceProducer(Properties properties, Serializer<K> keySerializer, Serializer<V> valueSerializer) {
        this(ConfigParser.toMap(properties), keySerializer, valueSerializer);
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<K, V> record) {
        return engine.send(record, null);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Blocks up to {@code max.block.ms} for the topic's metadata and for memory, together; else returns at once, after
     * compressing the batch that this record filled, if it did. Errors that the API knows come with the future and the
     * callback, others are thrown.
     */
    @Override
    public Future<RecordMetadata> send(ProducerRecord<K, V> record, Callback callback) {
        return engine.send(record, callback);
    }

    /**
     * As {@link #send(ProducerRecord, Callback)}, but never blocks: a record that would have to wait is not taken. For threads that
     * must not stand still, event loops and callbacks among them, which can leave the record, or keep it and try again later.
     *
     * <p>Takes nothing, and does not call the callback, when the topic's metadata are not there yet, nor the record's partition
     * in them (they are asked for, so that a later try finds them), and when no memory of {@code buffer.memory} is left (open
     * batches are sent without waiting for {@code linger.ms} then). Compresses the batch that the record filled, if it did, as
     * {@link #send(ProducerRecord, Callback)} does.
     *
     * <p>Interceptors see each try as a record of its own, a copy of this one, that failed if it was not taken.
     *
     * @param record the record; may be tried again when it was not taken
     * @param callback told the record's fate if it was taken, and at once, on this thread, of an error that the API knows; may be null
     * @return true if the callback is told, or has been; false if the record was not taken
     * @throws IllegalStateException if the producer is closed, or transactional and no transaction is open
     * @throws org.apache.kafka.common.KafkaException for errors that {@link #send(ProducerRecord, Callback)} throws
     */
    public boolean trySend(ProducerRecord<K, V> record, Callback callback) {
        return engine.trySend(record, callback);
    }

    /**
     * As {@link #send(ProducerRecord)}, with a future to go on from.
     *
     * <p>Blocks as {@link #send(ProducerRecord, Callback)} does, up to {@code max.block.ms} for the topic's metadata and for memory.
     *
     * <p>The future completes where a callback would be called, before later records' callbacks of the partition, and so do the
     * stages that depend on it, unless they are given an executor: use {@code thenApplyAsync} and its like for anything that takes
     * time, or else all sending waits for it. An error that the API knows completes it exceptionally, with the exception a callback
     * would get, perhaps before this returns; others are thrown. To cancel it does not take back the record.
     *
     * @param record the record
     * @return completes with the record's place in the log, or exceptionally
     * @throws IllegalStateException if the producer is closed, or transactional and no transaction is open
     * @throws org.apache.kafka.common.errors.InterruptException if the thread is interrupted while it waits
     * @throws org.apache.kafka.common.KafkaException for errors that {@link #send(ProducerRecord, Callback)} throws
     */
    public CompletableFuture<RecordMetadata> sendAsync(ProducerRecord<K, V> record) {
        return engine.sendAsync(record);
    }

    @Override
    public void flush() {
        engine.flush();
    }

    @Override
    public List<PartitionInfo> partitionsFor(String topic) {
        return engine.partitionsFor(topic);
    }

    @Override
    public Map<MetricName, ? extends Metric> metrics() {
        return engine.metrics();
    }

    @Override
    public Uuid clientInstanceId(Duration timeout) {
        return engine.clientInstanceId(timeout);
    }

    @Override
    public void registerMetricForSubscription(KafkaMetric metric) {
        engine.registerMetricForSubscription(metric);
    }

    @Override
    public void unregisterMetricFromSubscription(KafkaMetric metric) {
        engine.unregisterMetricFromSubscription(metric);
    }

    @Override
    public void close() {
        close(Duration.ofMillis(Long.MAX_VALUE));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Sends what was handed over, for {@code timeout} at most; what is not acknowledged by then fails. Zero fails all at
     * once. From a callback any time-out counts as zero.
     *
     * <p>Waits for the callbacks, too. Where they have threads of their own ({@code millrace.callback.threads}), only up to a second
     * after the time-out: those that wait behind one that hangs are then never called, though their futures complete.
     */
    @Override
    public void close(Duration timeout) {
        engine.close(timeout);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Fences every earlier producer with this {@code transactional.id}, and waits until what it left open has been ended.
     * Blocks up to {@code max.block.ms}; after a time-out or an interrupt it may be called again, and goes on.
     */
    @Override
    public void initTransactions() {
        engine.initTransactions();
    }

    @Override
    public void beginTransaction() {
        engine.beginTransaction();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Blocks up to {@code max.block.ms}.
     */
    @Override
    public void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> offsets,
                                         ConsumerGroupMetadata groupMetadata) {
        engine.sendOffsetsToTransaction(offsets, groupMetadata);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Sends what the transaction still has, without waiting for linger, and throws if anything of it failed. Blocks up to
     * {@code max.block.ms}; after a time-out or an interrupt it must be called again, and goes on.
     */
    @Override
    public void commitTransaction() {
        engine.commitTransaction();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Records that were not sent yet fail with {@code TransactionAbortedException}. Blocks up to {@code max.block.ms}; after a
     * time-out or an interrupt it must be called again, and goes on.
     */
    @Override
    public void abortTransaction() {
        engine.abortTransaction();
    }
}
