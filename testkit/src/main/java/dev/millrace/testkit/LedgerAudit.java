package dev.millrace.testkit;

import static dev.millrace.testkit.LedgerEntries.ABORTED;
import static dev.millrace.testkit.LedgerEntries.ACKED;
import static dev.millrace.testkit.LedgerEntries.COPY_MATCHED;
import static dev.millrace.testkit.LedgerEntries.COPY_UNJUDGED;
import static dev.millrace.testkit.LedgerEntries.FAILED;
import static dev.millrace.testkit.LedgerEntries.FOUND;
import static dev.millrace.testkit.LedgerEntries.TWICE;
import static dev.millrace.testkit.LedgerReading.name;
import static dev.millrace.testkit.LedgerReading.place;

import dev.millrace.testkit.LedgerEntries.Chunk;
import java.util.Map;

/** One pass over all entries: finds the faults that show only when all was read. */
final class LedgerAudit {
    private final LedgerEntries entries;
    private final long end;
    private final FaultTally faults = new FaultTally();
    private long sent;
    private long acked;
    private long failed;
    private long found;
    private long failedButPresent;
    private long aborted;

    LedgerAudit(LedgerEntries entries, long end) {
        this.entries = entries;
        this.end = end;
    }

    DeliveryReport run(LedgerReading reading, Map<String, Long> failures) {
        for (long id = 0; id < end; id++) {
            Chunk chunk = entries.sent(id);
            if (chunk != null) {
                audit(chunk, LedgerEntries.index(id), id);
            }
        }
        faults.addAll(reading.faults());
        return new DeliveryReport(sent, acked, failed, found, reading.observed(), failedButPresent,
                aborted, failures, faults.counts(), faults.examples());
    }

    private void audit(Chunk chunk, int i, long id) {
        int flags = chunk.flags(i);
        boolean present = (flags & FOUND) != 0;
        sent++;
        found += present ? 1 : 0;
        if ((flags & ACKED) != 0) {
            acked++;
            if ((flags & ABORTED) == 0) {
                auditAcked(chunk, i, id, flags);
            }
        } else if ((flags & FAILED) != 0) {
            failed++;
            failedButPresent += present ? 1 : 0;
        } else {
            faults.add(DeliveryFault.UNDECIDED,
                    () -> name(chunk, i, id) + (present ? ", in the log" : ", not in the log"));
        }
        if ((flags & ABORTED) != 0) {
            aborted++;
            if (present) {
                faults.add(DeliveryFault.ABORTED_SEEN, () -> name(chunk, i, id) + " at "
                        + place(chunk.foundPartition[i], chunk.foundOffset[i]));
            }
        }
        if ((flags & TWICE) != 0) {
            faults.add(DeliveryFault.DECIDED_TWICE, () -> name(chunk, i, id));
        }
    }

    private void auditAcked(Chunk chunk, int i, long id, int flags) {
        long offset = chunk.ackedOffset[i];
        if ((flags & FOUND) == 0) {
            faults.add(DeliveryFault.LOST, () -> name(chunk, i, id) + ", acknowledged at "
                    + place(chunk.ackedPartition[i], offset));
        } else if ((flags & (COPY_MATCHED | COPY_UNJUDGED)) == 0 && (chunk.ackedPartition[i] != chunk.foundPartition[i]
                || offset != -1 && offset != chunk.foundOffset[i])) {
            faults.add(DeliveryFault.OFFSET_MISMATCH, () -> name(chunk, i, id) + ", acknowledged at "
                    + place(chunk.ackedPartition[i], offset) + ", found at "
                    + place(chunk.foundPartition[i], chunk.foundOffset[i]));
        }
    }
}
