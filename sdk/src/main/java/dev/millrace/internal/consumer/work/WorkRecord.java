package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.RecordContext;
import dev.millrace.internal.consumer.offsets.PendingOffset;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A record on its way through the consumer: the one object it costs beside Kafka's own. It is a link in its partition's list of
 * unfinished offsets, in its lane and in the stack of completions; never in two of the latter at once.
 *
 * <p>Its {@link Status} says who owns it. The poll thread and the workers meet at {@link #claim()} and {@link #drop()}: of a queued
 * record, one of them gets it.
 */
public final class WorkRecord extends PendingOffset implements Unit, RecordContext {

    /** Who owns a record. */
    public enum Status {
        /** In a queue; a worker may claim it, and the poll thread may drop it. */
        QUEUED,
        /** A worker's, or the handler's stage's, until it is posted as completed. */
        RUNNING,
        /** Completed or waiting; the poll thread's. */
        POSTED,
        /** Nobody's: not to be handled, for its partition is gone. */
        DROPPED
    }

    private static final VarHandle STATUS;

    static {
        try {
            STATUS = MethodHandles.lookup().findVarHandle(WorkRecord.class, "status", Status.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final AssignedPartition partition;
    /** Kept here, for {@link #raw} was in another core's hands when this is asked again. */
    private final int size;
    /** The owner's; replaced by a copy of its bytes when the record has to wait. */
    private ConsumerRecord<ByteBuffer, ByteBuffer> raw;
    /** The next record in the lane or the stack of completions; of who owns the list it is in. */
    WorkRecord link;
    /** How many records lie under this one in the stack of completions. */
    int depth;
    private volatile Status status = Status.QUEUED;
    /** The owner's; read by others for information only. */
    private int attempts;
    private boolean detached;
    private boolean lent;
    /** The last bits of the milliseconds since the epoch, which tell 24 days; poll thread only. */
    private int admitted;
    /** What its handler sent when it succeeded, in transactions only; the owner's. */
    private List<ProducerRecord<byte[], byte[]>> outputs = List.of();
    /** It is over, and waits for the transaction that commits it; poll thread only. */
    private boolean settled;
    private Outcome outcome;
    /** When the handler was called and how long it took, {@link System#nanoTime}; the time is read by the poll thread while it runs. */
    private volatile long startNs;
    private long durationNs;

    /** How an attempt ended; immutable. */
    public sealed interface Outcome {
        /** The handler did its work. */
        enum Handled implements Outcome { HANDLED, EXPIRED }

        /** The handler threw, or its stage did. */
        record Failed(Throwable failure) implements Outcome {
        }

        /** Key or value can't be deserialized. */
        record Undecodable(Throwable failure) implements Outcome {
        }

        /** It is not the record's time yet; milliseconds since the epoch. */
        record NotBefore(long atMs) implements Outcome {
        }
    }

    public WorkRecord(ConsumerRecord<ByteBuffer, ByteBuffer> raw, AssignedPartition partition) {
        super(raw.offset());
        this.raw = raw;
        this.partition = partition;
        this.size = Math.max(0, raw.serializedKeySize()) + Math.max(0, raw.serializedValueSize());
    }

    /** Marks a place in a queue; has no record. */
    static WorkRecord sentinel() {
        return new WorkRecord();
    }

    private WorkRecord() {
        super(-1);
        raw = null;
        partition = null;
        size = 0;
    }

    /** The record as it came, with its buffers at their beginning. */
    public ConsumerRecord<ByteBuffer, ByteBuffer> raw() {
        return raw;
    }

    public AssignedPartition partition() {
        return partition;
    }

    /** Bytes of key and value. */
    int size() {
        return size;
    }

    // ---------------------------------------------------------------- ownership

    /** Takes a queued record for its handler; false when it was dropped. */
    boolean claim() {
        return STATUS.compareAndSet(this, Status.QUEUED, Status.RUNNING);
    }

    /** Takes a queued record away from the workers, for good; without effect on any other. Poll thread. */
    public void dropQueued() {
        STATUS.compareAndSet(this, Status.QUEUED, Status.DROPPED);
    }

    /** Ends a posted record: it will not run again. Its lane has to be told, by routing it. Poll thread. */
    public void dropPosted() {
        STATUS.compareAndSet(this, Status.POSTED, Status.DROPPED);
    }

    public Status status() {
        return status;
    }

    /** Gives the record to the poll thread with what came out of it; its owner. */
    void post(Outcome how) {
        outcome = how;
        status = Status.POSTED;
    }

    /** Lets workers have the record, again; poll thread, or the lane's owner for one it could not begin. */
    public void requeue() {
        outcome = null;
        // Who looks for handlers that hang must not take the last attempt's beginning for the next one's.
        startNs = 0;
        status = Status.QUEUED;
    }

    /** What the last attempt came to; poll thread, of a posted record. */
    public Outcome outcome() {
        return outcome;
    }

    /** Says when the record was admitted; poll thread. */
    public void admitted(long nowMs) {
        admitted = (int) nowMs;
    }

    /** When the record was admitted, seen from a time up to 24 days later; poll thread. */
    public long admittedMs(long nowMs) {
        return nowMs - ((int) nowMs - admitted);
    }

    // ---------------------------------------------------------------- transactions

    /** What is to be sent when the record is committed; its owner. */
    public List<ProducerRecord<byte[], byte[]>> outputs() {
        return outputs;
    }

    /** Its owner. */
    public void outputs(List<ProducerRecord<byte[], byte[]>> records) {
        outputs = records;
    }

    /** Says that no handler will have the record any more, though it is not done before its transaction; poll thread. */
    public void settle() {
        settled = true;
    }

    /** Poll thread. */
    public boolean isSettled() {
        return settled;
    }

    // ---------------------------------------------------------------- attempts

    void begin(long nowNs) {
        attempts++;
        startNs = nowNs;
    }

    void end(long nowNs) {
        durationNs = nowNs - startNs;
    }

    /** How long the last attempt took, ns; poll thread, of a posted record. */
    public long durationNs() {
        return durationNs;
    }

    /** When the attempt that runs began, {@link System#nanoTime}; means something while the record is running. */
    public long startNs() {
        return startNs;
    }

    @Override
    public int attempt() {
        return attempts;
    }

    @Override
    public boolean isRevoked() {
        return partition.isRevoked();
    }

    /**
     * Whether the handler may have the very buffers that came; then they are made whole again by {@link #takeBack}. Not those of a copy,
     * which are looked at while the record waits; its owner.
     */
    boolean mayLend() {
        return !detached && isWhole(raw.key()) && isWhole(raw.value());
    }

    private static boolean isWhole(ByteBuffer buffer) {
        return buffer == null || buffer.position() == 0;
    }

    /** The handler gets the record as it came; its owner. */
    void lend() {
        lent = true;
    }

    /** The handler has returned, and may have read from the buffers; its owner. */
    void takeBack() {
        if (!lent)
            return;
        lent = false;
        if (raw.key() != null)
            raw.key().clear().limit(raw.serializedKeySize());
        if (raw.value() != null)
            raw.value().clear().limit(raw.serializedValueSize());
    }

    /**
     * Copies key and value, for the buffers may be parts of a whole fetch response, which a record that waits must not keep alive;
     * its owner.
     */
    void detach() {
        if (detached)
            return;
        detached = true;
        ByteBuffer key = copy(raw.key());
        ByteBuffer value = copy(raw.value());
        raw = new ConsumerRecord<>(raw.topic(), raw.partition(), raw.offset(), raw.timestamp(), raw.timestampType(),
                raw.serializedKeySize(), raw.serializedValueSize(), key, value, raw.headers(), raw.leaderEpoch());
    }

    private static ByteBuffer copy(ByteBuffer buffer) {
        if (buffer == null)
            return null;
        ByteBuffer copy = ByteBuffer.allocate(buffer.remaining());
        copy.put(buffer.duplicate());
        return copy.flip();
    }

    // ---------------------------------------------------------------- a unit of its own, when it has no order

    @Override
    public int level() {
        return partition.level();
    }

    @Override
    public WorkRecord next() {
        return claim() ? this : null;
    }

    @Override
    public void succeeded(WorkRecord record) {
    }

    @Override
    public void failed(WorkRecord record) {
        detach();
    }

    @Override
    public boolean mustFollow(WorkRecord record, WorkRecord failed) {
        return false;
    }

    @Override
    public boolean release() {
        return true;
    }

    @Override
    public String toString() {
        return partition.topicPartition() + " offset " + offset();
    }
}
