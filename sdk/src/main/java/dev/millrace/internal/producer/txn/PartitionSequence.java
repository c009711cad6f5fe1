package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.batch.ProducerBatch;
import java.util.ArrayList;
import java.util.List;

/** One partition's sequences. Sender thread only. */
final class PartitionSequence {

    static final int NONE = -1;

    private long producerId;
    private short epoch;
    private int next;
    private int lastAcked = NONE;
    private boolean established;
    /** The sequence after those of batches that expired on the wire, {@link #NONE} when there is no such doubt. */
    private int unresolved = NONE;
    /** A batch failed for good: what was sent behind it will be refused. */
    private boolean gap;
    /** Batches with a sequence that have not ended, on the wire or waiting for a retry, in the order of their sequences. */
    private final List<ProducerBatch> open = new ArrayList<>();

    PartitionSequence(long producerId, short epoch) {
        this.producerId = producerId;
        this.epoch = epoch;
    }

    boolean isOf(long id, short currentEpoch) {
        return producerId == id && epoch == currentEpoch;
    }

    boolean hasOpen() {
        return !open.isEmpty();
    }

    boolean isOnWire() {
        return open.stream().anyMatch(ProducerBatch::isInFlight);
    }

    /**
     * No open batch can be in the log, or get there: only then may they get new sequences, or they would be written twice.
     * Of one that is not there none behind it can be, so the first speaks for all.
     */
    boolean canRestart() {
        return !isOnWire() && (open.isEmpty() || !open.get(0).isInDoubt());
    }

    ProducerBatch firstOpen() {
        return open.isEmpty() ? null : open.get(0);
    }

    /** A batch was acknowledged under this id, so that the broker will refuse a gap, and a new epoch that begins with one. */
    boolean isEstablished() {
        return established;
    }

    /** The partition may be another by now, made again or led by a broker that never heard of this producer. */
    void mayBeForgotten() {
        established = false;
    }

    boolean hasGap() {
        return gap;
    }

    void leavesGap() {
        gap = true;
    }

    int next() {
        return next;
    }

    int lastAcked() {
        return lastAcked;
    }

    boolean isUnresolved() {
        return unresolved != NONE;
    }

    boolean isNextAfterUnresolved(int sequence) {
        return sequence == unresolved;
    }

    void assign(ProducerBatch batch) {
        batch.assignSequence(producerId, epoch, next);
        next = plus(next, batch.recordCount());
        open.add(batch);
    }

    void acked(ProducerBatch batch) {
        int last = batch.lastSequence();
        established |= batch.producerId() == producerId;
        if (batch.producerId() == producerId && batch.producerEpoch() == epoch
                && (lastAcked == NONE || batch.sequenceIsAfter(lastAcked)))
            lastAcked = last;
        open.remove(batch);
    }

    void remove(ProducerBatch batch) {
        open.remove(batch);
    }

    void replace(ProducerBatch batch, List<ProducerBatch> parts) {
        int at = open.indexOf(batch);
        if (at < 0)
            return;
        int sequence = batch.baseSequence();
        for (ProducerBatch part : parts) {
            part.assignSequence(batch.producerId(), batch.producerEpoch(), sequence);
            sequence = plus(sequence, part.recordCount());
        }
        open.remove(at);
        open.addAll(at, parts);
    }

    /** All that is open, and what comes, counts from 0 again under a new id or epoch. */
    void restart(long id, short newEpoch) {
        established &= producerId == id;
        producerId = id;
        epoch = newEpoch;
        next = 0;
        lastAcked = NONE;
        unresolved = NONE;
        gap = false;
        for (ProducerBatch batch : open) {
            batch.assignSequence(id, newEpoch, next);
            next = plus(next, batch.recordCount());
        }
    }

    void markUnresolved(ProducerBatch batch) {
        int after = plus(batch.baseSequence(), batch.recordCount());
        if (unresolved == NONE || batch.sequenceIsAfter(unresolved) || batch.baseSequence() == unresolved)
            unresolved = after;
    }

    void resolved() {
        unresolved = NONE;
    }

    /** Whether nothing is missing between what was acknowledged and {@code sequence}. */
    boolean follows(int sequence) {
        return sequence == (lastAcked == NONE ? 0 : plus(lastAcked, 1));
    }

    /** Sequences run from 0 to {@code Integer.MAX_VALUE} and on from 0. */
    private static int plus(int sequence, int records) {
        return (sequence + records) & Integer.MAX_VALUE;
    }
}
