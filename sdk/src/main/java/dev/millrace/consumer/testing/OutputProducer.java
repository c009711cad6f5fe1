package dev.millrace.consumer.testing;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's {@link MockProducer}, which knows transactions, made to refuse what it is told to, and to say what offsets it committed. As in a
 * real one, a transaction in which something was refused can only be aborted, and a producer that is fenced can't do that either. The test's
 * thread only.
 */
final class OutputProducer extends MockProducer<byte[], byte[]> {

    private final Consumer<Map<TopicPartition, OffsetAndMetadata>> onCommit;
    private final Queue<KafkaException> outputFailures = new ArrayDeque<>();
    private final Queue<KafkaException> commitFailures = new ArrayDeque<>();
    /** Of the transaction that is open. */
    private Map<TopicPartition, OffsetAndMetadata> offsets = Map.of();
    /** Why the transaction that is open can't be committed; null while it can. */
    private KafkaException refusal;

    /** @param onCommit told of the offsets of every transaction that is committed */
    OutputProducer(Consumer<Map<TopicPartition, OffsetAndMetadata>> onCommit) {
        super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        this.onCommit = onCommit;
    }

    void failOutput(KafkaException failure) {
        outputFailures.add(failure);
    }

    void failCommit(KafkaException failure) {
        commitFailures.add(failure);
    }

    @Override
    public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        if (refusal == null)
            refusal = outputFailures.poll();
        if (refusal == null)
            return super.send(record, callback);
        callback.onCompletion(null, refusal);
        return CompletableFuture.failedFuture(refusal);
    }

    @Override
    public void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> ofRecords, ConsumerGroupMetadata group) {
        if (refusal != null)
            throw new KafkaException("The transaction can only be aborted", refusal);
        KafkaException failure = commitFailures.poll();
        if (failure instanceof ProducerFencedException)
            fenceProducer();
        if (failure != null)
            throw failure;
        super.sendOffsetsToTransaction(ofRecords, group);
        offsets = ofRecords;
    }

    @Override
    public void commitTransaction() {
        super.commitTransaction();
        onCommit.accept(offsets);
    }

    @Override
    public void abortTransaction() {
        super.abortTransaction();
        refusal = null;
    }
}
