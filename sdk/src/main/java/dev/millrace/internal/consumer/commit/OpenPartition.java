package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * One assigned partition of a transactional consumer: which of its records wait for a transaction, and which are in one. Poll thread
 * only.
 *
 * <p>A record is done, for the partition's tracker, from the moment it is taken into a group: so what the tracker says is done is what
 * was committed and what is in the group on its way, and never more. It is taken only if the commit's metadata then remember every
 * record that is done, for one that they forget would be handled again, and its outputs come twice.
 */
final class OpenPartition {

    private final AssignedPartition partition;
    private final OffsetMaps maps;
    /** What the group has; null when nothing. */
    private OffsetAndMetadata committed;
    /** Records that are over and in no group, in any order. */
    private final List<WorkRecord> waiting = new ArrayList<>();
    /** Records in the group that is on its way, or that was aborted and will be sent again. */
    private final List<WorkRecord> sealed = new ArrayList<>();
    /** The last offset that was done in a group, -1 if none: what commits have to remember from now on. */
    private long lastDone;

    /** @param lastDone the last offset that the committed metadata say is done; -1 for none */
    OpenPartition(AssignedPartition partition, OffsetMaps maps, OffsetAndMetadata committed, long lastDone) {
        this.partition = partition;
        this.maps = maps;
        this.committed = committed;
        this.lastDone = lastDone;
    }

    void done(WorkRecord record) {
        record.settle();
        waiting.add(record);
        partition.kept(outputBytes(record));
    }

    /** What handlers send counts as in flight, or records that are small, and bring much, would fill the memory. */
    private static long outputBytes(WorkRecord record) {
        long bytes = 0;
        for (ProducerRecord<byte[], byte[]> output : record.outputs())
            bytes += length(output.key()) + length(output.value());
        return bytes;
    }

    private static int length(byte[] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    int waiting() {
        return waiting.size();
    }

    /** What the group on its way has of this partition. */
    List<WorkRecord> sealed() {
        return sealed;
    }

    OffsetAndMetadata committed() {
        return committed;
    }

    /** The group is committed. */
    void committed(OffsetAndMetadata offset) {
        committed = offset;
        for (WorkRecord record : sealed)
            partition.kept(-outputBytes(record));
        sealed.clear();
    }

    /**
     * Takes what it can into the group.
     *
     * @param most records to take, beside those that are in it already
     * @return what to commit with them; null when nothing has changed
     */
    OffsetAndMetadata seal(int most) {
        if (partition.tracker() == null)
            return null;
        waiting.sort(Comparator.comparingLong(WorkRecord::offset));
        int count = countThatFits(Math.min(most, waiting.size()));
        if (count < 0)
            return null;
        List<WorkRecord> taken = waiting.subList(0, count);
        for (WorkRecord record : taken)
            partition.done(record);
        if (count > 0)
            lastDone = Math.max(lastDone, taken.get(count - 1).offset());
        sealed.addAll(taken);
        taken.clear();
        OffsetAndMetadata now = maps.snapshot(partition);
        return sealed.isEmpty() && !OffsetMaps.differs(now, committed) ? null : now;
    }

    /** How many of those that wait, lowest first, a commit can tell about; -1 if it can't even tell what is done now. */
    private int countThatFits(int most) {
        if (fits(most))
            return most;
        int low = Math.min(most, countInARow());
        if (!fits(low))
            return -1;
        int high = most;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (fits(middle))
                low = middle;
            else
                high = middle;
        }
        return low;
    }

    private boolean fits(int count) {
        long last = count == 0 ? -1 : waiting.get(count - 1).offset();
        return maps.remembers(partition, record -> record.isSettled() && record.offset() <= last, Math.max(lastDone, last));
    }

    /** Those before the first record that is not over: they move the committed offset, and make the map smaller. */
    private int countInARow() {
        WorkRecord record = partition.tracker().oldest();
        int count = 0;
        while (record != null && record.isSettled()) {
            count++;
            record = partition.tracker().next(record);
        }
        return count;
    }
}
