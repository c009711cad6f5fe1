package dev.millrace.perf.load;

import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What became of a phase's transactions.
 *
 * @param committed transactions committed
 * @param aborted transactions aborted because something in them failed
 * @param committedRecords records of the committed ones
 * @param lostRecords records of the aborted ones, acknowledged or not, and those that were never part of one because
 *     {@code send} refused them
 * @param commitTime time inside {@code commitTransaction}, in microseconds, of each that succeeded
 * @param abortReasons each kind of error that led to an abort, with its count and first message
 */
public record TransactionsResult(
        long committed,
        long aborted,
        long committedRecords,
        long lostRecords,
        Histogram commitTime,
        Map<String, String> abortReasons) {
}
