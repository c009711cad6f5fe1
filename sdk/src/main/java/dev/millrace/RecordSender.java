package dev.millrace;

import dev.millrace.internal.producer.accumulate.PartitionQueue;
import dev.millrace.internal.producer.accumulate.RecordAccumulator;
import dev.millrace.internal.producer.accumulate.TopicQueues;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.config.ProducerSettings;
import dev.millrace.internal.producer.net.TopicMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Time;

/**
 * The way of one record into a batch, on the thread that sends it: metadata, bytes, partition, append. What can be computed
 * before the partition's lock is taken, is.
 */
final class RecordSender<K, V> {

    /** A record's length, attributes and deltas, about; for telling partitioners of load. */
    private static final int USUAL_RECORD_OVERHEAD = 6;

    /** Instead of a time to wait for metadata and memory: take what is there, or nothing. */
    private static final long DO_NOT_WAIT = -1;

    private final ProducerSettings.Batching settings;
    private final long touchIntervalMs;
    private final TopicMetadata metadata;
    private final RecordSerializer<K, V> serializer;
    private final PartitionChooser partitions;
    private final RecordAccumulator accumulator;
    private final Time time;

    RecordSender(ProducerSettings settings, TopicMetadata metadata, RecordSerializer<K, V> serializer,
                 PartitionChooser partitions, RecordAccumulator accumulator, Time time) {
        this.settings = settings.batching();
        // Often enough that a topic in use is not forgotten, rarely enough that metadata's lock is no matter.
        this.touchIntervalMs = Math.min(1000, settings.metadataCaching().maxIdleMs() / 5);
        this.metadata = metadata;
        this.serializer = serializer;
        this.partitions = partitions;
        this.accumulator = accumulator;
        this.time = time;
    }

    /** @throws Unsent when it is in no batch, with what prevented it as the cause */
    SendResult send(ProducerRecord<K, V> record, Callback callback) throws Unsent {
        return send(record, callback, settings.maxBlockMs());
    }

    /** As {@link #send}, but {@link Unsent} without a cause, and nothing is appended, when it would have to wait. */
    SendResult trySend(ProducerRecord<K, V> record, Callback callback) throws Unsent {
        return send(record, callback, DO_NOT_WAIT);
    }

    private SendResult send(ProducerRecord<K, V> record, Callback callback, long maxBlockMs) throws Unsent {
        int partition = -1;
        try {
            long nowMs = time.milliseconds();
            TopicQueues topic = accumulator.knownTopic(record.topic());
            Cluster cluster = metadata.cluster();
            long leftMs = maxBlockMs;
            if (topic == null || !knows(topic, cluster, record) || topic.touch(nowMs, touchIntervalMs)) {
                long startMs = nowMs;
                cluster = metadataFor(record, nowMs, maxBlockMs);
                if (cluster == null)
                    throw new Unsent(partition, null);
                nowMs = time.milliseconds();
                leftMs = maxBlockMs == DO_NOT_WAIT ? DO_NOT_WAIT : Math.max(0, maxBlockMs - (nowMs - startMs));
                // Not before: a name that is no topic leaves nothing behind.
                topic = accumulator.topic(record.topic());
            }
            byte[] key = serializer.key(record);
            byte[] value = serializer.value(record);
            partition = partitions.choose(topic, record, key, value, cluster);
            setReadOnly(record.headers());
            byte[] headers = RecordWriter.encodeHeaders(record.headers().toArray());
            int tailSize = RecordWriter.tailSize(key, value, headers);
            checkSize(RecordWriter.batchSizeUpperBound(tailSize));
            SendResult result = new SendResult(callback, record.timestamp() == null ? nowMs : record.timestamp(), key, value);
            if (partitions.loadDecides(record, key))
                appendWhereLoadDecides(topic, partition, record, cluster, key, value, headers, tailSize, result, leftMs);
            else
                append(topic.queue(partition), key, value, headers, tailSize, result, leftMs);
            return result;
        } catch (Unsent e) {
            throw e;
        } catch (Exception e) {
            // Checked ones, too, which languages without them let plugins throw.
            throw new Unsent(partition, e);
        }
    }

    private static boolean knows(TopicQueues topic, Cluster cluster, ProducerRecord<?, ?> record) {
        int count = topic.partitions(cluster);
        return count > 0 && (record.partition() == null || record.partition() < count);
    }

    /** Null when they are not there and are not to be waited for. */
    private Cluster metadataFor(ProducerRecord<K, V> record, long nowMs, long maxBlockMs) throws InterruptedException {
        try {
            return maxBlockMs == DO_NOT_WAIT ? metadata.poll(record.topic(), record.partition(), nowMs)
                    : metadata.await(record.topic(), record.partition(), nowMs, maxBlockMs);
        } catch (KafkaException e) {
            if (metadata.isClosed())
                throw new KafkaException("Producer closed while send in progress", e);
            throw e;
        }
    }

    private static void setReadOnly(Headers headers) {
        if (headers instanceof RecordHeaders recordHeaders)
            recordHeaders.setReadOnly();
    }

    private void checkSize(int size) {
        if (size > settings.maxRequestSize())
            throw new RecordTooLargeException("The message is " + size + " bytes when serialized which is larger than "
                    + settings.maxRequestSize() + ", which is the value of the " + ProducerConfig.MAX_REQUEST_SIZE_CONFIG
                    + " configuration.");
        if (size > settings.bufferMemory())
            throw new RecordTooLargeException("The message is " + size + " bytes when serialized which is larger than the"
                    + " total memory buffer you have configured with the " + ProducerConfig.BUFFER_MEMORY_CONFIG
                    + " configuration.");
    }

    private void append(PartitionQueue queue, byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result,
                        long maxBlockMs) throws InterruptedException, Unsent {
        accumulator.tryAppend(queue, key, value, headers, tailSize, result);
        if (!result.isAppended())
            appendToNewBatch(queue, key, value, headers, tailSize, result, maxBlockMs);
    }

    private void appendToNewBatch(PartitionQueue queue, byte[] key, byte[] value, byte[] headers, int tailSize,
                                  SendResult result, long maxBlockMs) throws InterruptedException, Unsent {
        if (maxBlockMs != DO_NOT_WAIT) {
            accumulator.append(queue, key, value, headers, tailSize, result, maxBlockMs);
            return;
        }
        accumulator.appendAtOnce(queue, key, value, headers, tailSize, result);
        if (!result.isAppended())
            throw new Unsent(queue.topicPartition().partition(), null);
    }

    /** Before it opens a batch it asks the partitioner again: a full batch is the time to go elsewhere (KIP-794). */
    private void appendWhereLoadDecides(TopicQueues topic, int partition, ProducerRecord<K, V> record, Cluster cluster,
                                        byte[] key, byte[] value, byte[] headers, int tailSize, SendResult result,
                                        long maxBlockMs) throws InterruptedException, Unsent {
        PartitionQueue queue = topic.queue(partition);
        if (queue.isBusy())
            partitions.collided(topic.name());
        int unused = accumulator.tryAppend(queue, key, value, headers, tailSize, result);
        if (!result.isAppended()) {
            // What the full batch left unused counts as used, or a run would end a record after its batch.
            if (unused >= 0)
                tellOfFullBatch(queue, Math.max(1, unused), cluster);
            queue = topic.queue(partitions.choose(topic, record, key, value, cluster));
            try {
                append(queue, key, value, headers, tailSize, result, maxBlockMs);
            } catch (InterruptedException | RuntimeException e) {
                throw new Unsent(queue.topicPartition().partition(), e);
            }
            unused = -1;
        }
        int bytes = topic.expectedSize(tailSize + USUAL_RECORD_OVERHEAD);
        if (unused >= 0)
            tellOfFullBatch(queue, bytes, cluster);
        else if (queue.addUntold(bytes) >= settings.batchSize())
            partitions.appended(queue, queue.takeUntold(), false, cluster);
    }

    /** The last bytes by themselves, for a partitioner takes them for the size of the next record. */
    private void tellOfFullBatch(PartitionQueue queue, int lastBytes, Cluster cluster) {
        long before = queue.takeUntold();
        if (before > 0)
            partitions.appended(queue, before, false, cluster);
        partitions.appended(queue, lastBytes, true, cluster);
    }
}
