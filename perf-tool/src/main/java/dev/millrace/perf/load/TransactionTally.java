package dev.millrace.perf.load;

import org.HdrHistogram.Histogram;

/** Counts transactions. Thread-safe, so that a phase that is abandoned in the middle of a commit can still be told of. */
final class TransactionTally {
    /** All guarded by this. */
    private final Histogram commitTime = IntervalHistogram.empty();
    private final ErrorTally reasons = new ErrorTally();
    private long committed;
    private long aborted;
    private long committedRecords;
    private long lostRecords;

    synchronized void committed(long records, long tookNs) {
        committed++;
        committedRecords += records;
        IntervalHistogram.record(commitTime, tookNs);
    }

    synchronized void aborted(long records, Exception reason) {
        aborted++;
        lostRecords += records;
        reasons.add(reason);
    }

    /** A record that {@code send} did not take. */
    synchronized void refused() {
        lostRecords++;
    }

    synchronized TransactionsResult result() {
        return new TransactionsResult(
                committed, aborted, committedRecords, lostRecords, commitTime.copy(), reasons.describe());
    }
}
