package dev.millrace.internal.producer.batch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one object a record costs: the Future the caller gets, its callback, and its place in the batch.
 */
public final class SendResult implements Future<RecordMetadata> {

    /** No time stamp, as the record format has it. */
    private static final long NO_TIMESTAMP = -1;

    private static final Logger LOG = LoggerFactory.getLogger(SendResult.class);
    private static final VarHandle BATCH;

    static {
        try {
            BATCH = MethodHandles.lookup().findVarHandle(SendResult.class, "batch", ProducerBatch.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Callback callback;
    private final long timestamp;
    private final int keySize;
    private final int valueSize;

    /** In its batch; written under the partition's lock, and once more by the sender thread when the batch is split. */
    private int index;
    /** Set under the partition's lock, and once more by the sender thread when the batch is split; read by any thread. */
    @SuppressWarnings("unused") // through BATCH
    private ProducerBatch batch;

    /**
     * @param callback called when the record's fate is known, on the sender thread or a callback thread; may be null
     * @param timestamp the record's time stamp in ms
     */
    public SendResult(Callback callback, long timestamp, byte[] key, byte[] value) {
        this.callback = callback;
        this.timestamp = timestamp;
        this.keySize = key == null ? -1 : key.length;
        this.valueSize = value == null ? -1 : value.length;
    }

    void joins(ProducerBatch newBatch, int newIndex) {
        index = newIndex;
        // Release, not volatile: the common path needs no full fence, a reader only needs to see a whole batch.
        BATCH.setRelease(this, newBatch);
    }

    /** Whether a batch has taken the record; for the thread that appends it. */
    public boolean isAppended() {
        return batch() != null;
    }

    long timestamp() {
        return timestamp;
    }

    private ProducerBatch batch() {
        return (ProducerBatch) BATCH.getAcquire(this);
    }

    /** Calls the callback, whatever it throws; the thread that callbacks run on. */
    void fireCallback(ProducerBatch of, BatchOutcome outcome) {
        if (callback != null)
            tell(callback, of, outcome);
    }

    /** The callback will not be called; but who has nothing else than it to learn by is not left to wait for ever. */
    void abandon(ProducerBatch of, BatchOutcome outcome) {
        Callback users = callback instanceof WrappingCallback wrapping ? wrapping.users() : callback;
        if (users instanceof AsyncResult)
            tell(users, of, outcome);
    }

    private void tell(Callback told, ProducerBatch of, BatchOutcome outcome) {
        try {
            RuntimeException error = outcome.errorOf(index);
            if (error == null)
                told.onCompletion(metadata(of, outcome), null);
            else
                told.onCompletion(failedMetadata(of.topicPartition()), error);
        } catch (Throwable e) {
            // An Error too: the other records of the batch have callbacks and waiting threads of their own.
            try {
                LOG.error("Error executing user-provided callback on message for topic-partition '{}'", of.topicPartition(), e);
            } catch (RuntimeException unlogged) {
                e.addSuppressed(unlogged);
            }
        }
    }

    /** What a callback is given beside an exception. */
    private static RecordMetadata failedMetadata(TopicPartition partition) {
        return new RecordMetadata(partition, -1, -1, NO_TIMESTAMP, -1, -1);
    }

    private RecordMetadata metadata(ProducerBatch of, BatchOutcome outcome) {
        long stamp = outcome.logAppendTimeMs() == NO_TIMESTAMP ? timestamp : outcome.logAppendTimeMs();
        return new RecordMetadata(of.topicPartition(), outcome.baseOffset(), index, stamp, keySize, valueSize);
    }

    @Override
    public RecordMetadata get() throws InterruptedException, ExecutionException {
        while (true) {
            ProducerBatch waitedFor = batch();
            waitedFor.awaitDone();
            BatchOutcome outcome = waitedFor.outcome();
            if (outcome != null)
                return value(waitedFor, outcome);
            // No outcome of its own: the batch was split, and this record went to one of the parts before that was told.
        }
    }

    @Override
    public RecordMetadata get(long timeout, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        long deadlineNs = System.nanoTime() + unit.toNanos(timeout);
        while (true) {
            ProducerBatch waitedFor = batch();
            if (!waitedFor.awaitDone(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS))
                throw new TimeoutException("Timeout after waiting for " + unit.toMillis(timeout) + " ms.");
            BatchOutcome outcome = waitedFor.outcome();
            if (outcome != null)
                return value(waitedFor, outcome);
        }
    }

    private RecordMetadata value(ProducerBatch of, BatchOutcome outcome) throws ExecutionException {
        RuntimeException error = outcome.errorOf(index);
        if (error != null)
            throw new ExecutionException(error);
        return metadata(of, outcome);
    }

    @Override
    public boolean isDone() {
        ProducerBatch now = batch();
        return now.isDone() && now.outcome() != null;
    }

    /** A record that was handed over can't be taken back: always false. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return false;
    }

    @Override
    public boolean isCancelled() {
        return false;
    }
}
