package dev.millrace.testkit;

import static dev.millrace.testkit.LedgerEntries.ACKED;
import static dev.millrace.testkit.LedgerEntries.COPY_MATCHED;
import static dev.millrace.testkit.LedgerEntries.COPY_UNJUDGED;
import static dev.millrace.testkit.LedgerEntries.FOUND;
import static dev.millrace.testkit.LedgerEntries.NOT_ASKED;
import static dev.millrace.testkit.LedgerEntries.PADDED;

import dev.millrace.testkit.LedgerEntries.Chunk;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** One reading of the log: finds the faults that show while records are read. Callers hold this object's lock. */
final class LedgerReading {
    private final LedgerEntries entries;
    private final FaultTally faults = new FaultTally();
    private final Map<Object, Integer> partitionOfKey = new HashMap<>();
    private long observed;

    LedgerReading(LedgerEntries entries) {
        this.entries = entries;
    }

    FaultTally faults() {
        return faults;
    }

    long observed() {
        return observed;
    }

    void forget() {
        faults.clear();
        partitionOfKey.clear();
        observed = 0;
    }

    void observe(long id, int partition, long offset) {
        observed++;
        Chunk chunk = entries.sent(id);
        if (chunk == null) {
            faults.add(DeliveryFault.UNKNOWN, () -> "at " + place(partition, offset)
                    + (id == -1 ? ": no id" : ": bytes that would be id " + id));
            return;
        }
        int i = LedgerEntries.index(id);
        if ((chunk.flags(i) & FOUND) != 0) {
            observeCopy(chunk, i, id, partition, offset);
            return;
        }
        chunk.foundPartition[i] = partition;
        chunk.foundOffset[i] = offset;
        chunk.set(i, FOUND);
        checkOrder(chunk.slot[i], id, partition, offset);
        checkPlace(chunk.slot[i], chunk.askedPartition[i], id, partition, offset);
    }

    private void observeCopy(Chunk chunk, int i, long id, int partition, long offset) {
        faults.add(DeliveryFault.DUPLICATED, () -> name(chunk, i, id) + " at "
                + place(chunk.foundPartition[i], chunk.foundOffset[i]) + " and at " + place(partition, offset));
        if ((chunk.flags(i) & ACKED) == 0) {
            chunk.set(i, COPY_UNJUDGED);
        } else if (chunk.ackedPartition[i] == partition && chunk.ackedOffset[i] == offset) {
            chunk.set(i, COPY_MATCHED);
        }
    }

    private void checkOrder(Lane.Slot slot, long id, int partition, long offset) {
        long laneHas = slot.lane.highest.raise(partition, id);
        if (laneHas >= 0) {
            faults.add(DeliveryFault.OUT_OF_ORDER_IN_PARTITION,
                    () -> "id " + id + " at " + place(partition, offset) + ", behind id " + laneHas);
        }
        if (slot.key == null) {
            return;
        }
        long keyHas = slot.highest.raise(partition, id);
        if (keyHas >= 0) {
            faults.add(DeliveryFault.OUT_OF_ORDER_IN_KEY,
                    () -> "id " + id + " of key " + text(slot.key) + " at " + place(partition, offset)
                            + ", behind id " + keyHas);
        }
    }

    private void checkPlace(Lane.Slot slot, int asked, long id, int partition, long offset) {
        if (asked != NOT_ASKED) {
            if (asked != partition) {
                faults.add(DeliveryFault.MISPLACED,
                        () -> "id " + id + " sent to partition " + asked + ", found at " + place(partition, offset));
            }
        } else if (slot.key != null) {
            int first = partitionOfKey.computeIfAbsent(slot.key, k -> partition);
            if (first != partition) {
                faults.add(DeliveryFault.KEY_SPLIT, () -> "id " + id + " of key " + text(slot.key) + " at "
                        + place(partition, offset) + ", others of that key in partition " + first);
            }
        }
    }

    static byte padding(long id, int index) {
        return (byte) (id + (id >>> 8) + index * 7L);
    }

    /** Compares the value's padding with what it was sent with, if the ledger made it. */
    void checkPadding(long id, ConsumerRecord<byte[], byte[]> record) {
        Chunk chunk = entries.sent(id);
        if (chunk == null || (chunk.flags(LedgerEntries.index(id)) & PADDED) == 0) {
            return;
        }
        byte[] value = record.value();
        for (int i = Long.BYTES; i < value.length; i++) {
            if (value[i] != padding(id, i)) {
                int at = i;
                faults.add(DeliveryFault.CORRUPT, () -> "id " + id + " at " + place(record.partition(), record.offset())
                        + ": byte " + at + " of " + value.length + " is " + value[at]
                        + ", was sent as " + padding(id, at));
                return;
            }
        }
    }

    static String name(Chunk chunk, int i, long id) {
        Object key = chunk.slot[i].key;
        return key == null ? "id " + id : "id " + id + " of key " + text(key);
    }

    static String text(Object key) {
        return key instanceof ByteBuffer bytes ? HexFormat.of().formatHex(bytes.array()) : key.toString();
    }

    static String place(int partition, long offset) {
        return "partition " + partition + " offset " + offset;
    }
}
