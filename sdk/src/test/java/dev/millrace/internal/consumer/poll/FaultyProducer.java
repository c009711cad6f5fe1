package dev.millrace.internal.consumer.poll;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka's contract, and its failures; of one thread. What it was asked for wrongly fails the test by way of Kafka's own mock. */
final class FaultyProducer extends MockProducer<byte[], byte[]> {

    /** The call that was not answered and has to be made again; COMMITTED and ABORTED when it was carried out nevertheless. */
    private enum Pending { NOTHING, COMMIT, COMMITTED, ABORT, ABORTED }

    private final ModelInput input;
    private final GroupModel group;
    private final ModelChance chance;
    private Pending pending = Pending.NOTHING;
    private KafkaException error;
    /** How much of the history was committed, and told to the group. */
    private int seen;
    /** Of this transaction, as are the offsets. */
    private final List<Callback> callbacks = new ArrayList<>();
    private Map<TopicPartition, OffsetAndMetadata> offsets = Map.of();

    FaultyProducer(ModelInput input, GroupModel group, ModelChance chance) {
        super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        this.input = input;
        this.group = group;
        this.chance = chance;
    }

    private void throwIfError(Pending asked) {
        if (pending != Pending.NOTHING && pending != asked && !(pending == Pending.COMMITTED && asked == Pending.COMMIT)
                && !(pending == Pending.ABORTED && asked == Pending.ABORT))
            group.violate("asked for something else while there is " + pending + ": " + asked);
        if (error instanceof ProducerFencedException || error != null && asked != Pending.ABORT)
            throw error instanceof ProducerFencedException ? error
                    : new KafkaException("Cannot execute transactional method because we are in an error state", error);
    }

    private KafkaException inError(KafkaException e) {
        error = e;
        return e;
    }

    @Override
    public synchronized void initTransactions() {
        if (chance.fails(5))
            throw new TimeoutException("init");
        super.initTransactions();
    }

    @Override
    public void beginTransaction() {
        throwIfError(Pending.NOTHING);
        callbacks.clear();
        offsets = Map.of();
        super.beginTransaction();
    }

    @Override
    public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        throwIfError(Pending.NOTHING);
        if (chance.fails("send", 150))
            throw inError(new KafkaException("error state", new TimeoutException("expired")));
        if (record.topic().equals("out") && input.refuse(text(record))) {
            chance.count("refused");
            RecordTooLargeException tooLarge = new RecordTooLargeException("no");
            callback.onCompletion(null, tooLarge);
            callbacks.forEach(earlier -> earlier.onCompletion(null, tooLarge));
            error = tooLarge;
            return null;
        }
        callbacks.add(callback);
        return super.send(record, null);
    }

    @Override
    public void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> sent, ConsumerGroupMetadata metadata) {
        throwIfError(Pending.NOTHING);
        if (chance.fails("offsets timed out", 20))
            throw new TimeoutException("offsets");
        if (chance.fails("offsets failed", 30))
            throw inError(new TransactionAbortableException("offsets"));
        if (!group.isCurrent(metadata)) {
            chance.count("stale generation");
            throw inError(new CommitFailedException());
        }
        offsets = sent;
        super.sendOffsetsToTransaction(sent, metadata);
    }

    @Override
    public void commitTransaction() {
        throwIfError(Pending.COMMIT);
        if (pending == Pending.COMMITTED) {
            pending = Pending.NOTHING;
            return;
        }
        if (chance.fails("commit timed out before", 10)) {
            pending = Pending.COMMIT;
            throw new TimeoutException("commit");
        }
        pending = Pending.NOTHING;
        if (chance.fails("commit failed", 20))
            throw inError(new TransactionAbortableException("commit"));
        if (chance.fails("fenced before", 50))
            throw inError(new ProducerFencedException("fenced"));
        super.commitTransaction();
        List<ProducerRecord<byte[], byte[]>> history = history();
        group.commit(offsets, history.subList(seen, history.size()).stream().map(FaultyProducer::text).toList());
        seen = history.size();
        if (chance.fails("fenced behind", 50))
            throw inError(new ProducerFencedException("fenced"));
        if (chance.fails("commit timed out behind", 10)) {
            pending = Pending.COMMITTED;
            throw new TimeoutException("commit");
        }
    }

    @Override
    public void abortTransaction() {
        throwIfError(Pending.ABORT);
        if (pending == Pending.ABORTED) {
            pending = Pending.NOTHING;
            return;
        }
        if (chance.fails("abort timed out before", 10)) {
            pending = Pending.ABORT;
            throw new TimeoutException("abort");
        }
        super.abortTransaction();
        error = null;
        pending = Pending.NOTHING;
        if (chance.fails("abort timed out behind", 10)) {
            pending = Pending.ABORTED;
            throw new TimeoutException("abort");
        }
    }

    private static String text(ProducerRecord<byte[], byte[]> record) {
        return new String(record.value(), StandardCharsets.UTF_8);
    }
}
