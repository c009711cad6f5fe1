package dev.millrace.perf.jmh;

import java.lang.reflect.Constructor;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BufferPool;
import org.apache.kafka.clients.producer.internals.ProducerBatch;
import org.apache.kafka.clients.producer.internals.ProducerInterceptors;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.clients.producer.internals.RecordAccumulator;
import org.apache.kafka.clients.producer.internals.Sender;
import org.apache.kafka.clients.producer.internals.SenderMetricsRegistry;
import org.apache.kafka.clients.producer.internals.TransactionManager;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.telemetry.internals.ClientTelemetryReporter;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.ProducerIdAndEpoch;
import org.apache.kafka.common.utils.Time;

/**
 * A {@link KafkaProducer} whose Sender does not run, put together by the constructor its own tests use; {@code send()} is its
 * own. It is idempotent, as it is by default, with what that costs each record.
 */
final class KafkaSendPath implements SendPath {
    static final ProducerIdAndEpoch PRODUCER = new ProducerIdAndEpoch(1, (short) 0);
    private static final String METRIC_GROUP = "producer-metrics";

    private final Metrics metrics = new Metrics();
    private final BufferPool pool;
    private final RecordAccumulator accumulator;
    private final KafkaProducer<byte[], byte[]> producer;
    private final TopicPartition[] partitions;

    /** @param configs as of a producer */
    KafkaSendPath(Map<String, Object> configs, ProducerMetadata metadata, String topic, int partitionCount) {
        ByteArraySerializer bytes = new ByteArraySerializer();
        Map<String, Object> complete = new HashMap<>(configs);
        complete.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        complete.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        ProducerConfig config = new ProducerConfig(complete);
        LogContext log = new LogContext();
        int batchSize = config.getInt(ProducerConfig.BATCH_SIZE_CONFIG);
        TransactionManager idempotence = new TransactionManager(log, null, 60_000, 100, new ApiVersions(), false);
        pool = new BufferPool(config.getLong(ProducerConfig.BUFFER_MEMORY_CONFIG), batchSize, metrics, Time.SYSTEM, METRIC_GROUP);
        accumulator = new RecordAccumulator(log, batchSize,
                Compression.of(config.getString(ProducerConfig.COMPRESSION_TYPE_CONFIG)).build(),
                config.getLong(ProducerConfig.LINGER_MS_CONFIG).intValue(), 100, 1000, 120_000, metrics, METRIC_GROUP,
                Time.SYSTEM, idempotence, pool);
        Sender sender = new Sender(log, new IdleClient(), metadata, accumulator, false, 1 << 20, (short) -1,
                Integer.MAX_VALUE, new SenderMetricsRegistry(metrics), Time.SYSTEM, 30_000, 100, idempotence);
        producer = newProducer(config, log, bytes, metadata, sender, idempotence);
        partitions = new TopicPartition[partitionCount];
        for (int i = 0; i < partitionCount; i++) {
            partitions[i] = new TopicPartition(topic, i);
        }
    }

    private KafkaProducer<byte[], byte[]> newProducer(ProducerConfig config, LogContext log, ByteArraySerializer bytes,
                                                      ProducerMetadata metadata, Sender sender, TransactionManager idempotence) {
        try {
            Constructor<?> constructor = KafkaProducer.class.getDeclaredConstructor(ProducerConfig.class, LogContext.class,
                    Metrics.class, Serializer.class, Serializer.class, ProducerMetadata.class, RecordAccumulator.class,
                    TransactionManager.class, Sender.class, ProducerInterceptors.class, Partitioner.class, Time.class,
                    Sender.SenderThread.class, Optional.class);
            constructor.setAccessible(true);
            @SuppressWarnings("unchecked") // its serializers take byte arrays
            KafkaProducer<byte[], byte[]> made = (KafkaProducer<byte[], byte[]>) constructor.newInstance(config, log, metrics,
                    bytes, bytes, metadata, accumulator, idempotence, sender,
                    new ProducerInterceptors<byte[], byte[]>(List.of(), metrics), null, Time.SYSTEM, null,
                    Optional.<ClientTelemetryReporter>empty());
            return made;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("KafkaProducer has not the constructor of 4.3.1", e);
        }
    }

    @Override
    public Object send(ProducerRecord<byte[], byte[]> record) {
        return producer.send(record);
    }

    /** The batch that is behind none may still be open, and stays. Futures stay as they are: nobody waits. */
    @Override
    public int drain() {
        int count = 0;
        for (TopicPartition partition : partitions) {
            Deque<ProducerBatch> batches = accumulator.getDeque(partition);
            for (ProducerBatch batch; batches != null && (batch = pollSealed(batches)) != null; count++) {
                batch.setProducerState(PRODUCER, 0, false);
                batch.close();
                accumulator.completeAndDeallocateBatch(batch);
            }
        }
        return count;
    }

    private static ProducerBatch pollSealed(Deque<ProducerBatch> batches) {
        synchronized (batches) {
            return batches.size() > 1 ? batches.pollFirst() : null;
        }
    }

    @Override
    public long availableMemory() {
        return pool.availableMemory();
    }

    @Override
    public long waitedNs() {
        Metric waited = metrics.metric(metrics.metricName("bufferpool-wait-time-ns-total", METRIC_GROUP));
        return ((Double) waited.metricValue()).longValue();
    }
}
