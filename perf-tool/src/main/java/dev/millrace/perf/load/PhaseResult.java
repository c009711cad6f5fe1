package dev.millrace.perf.load;

import java.util.Map;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * What one phase measured. Histograms are in microseconds.
 *
 * @param elapsedNs from the first record's turn until the last acknowledgement
 * @param attempted sends begun
 * @param acked records acknowledged
 * @param failed records that ended in an error
 * @param errors each kind of error with its count and first message
 * @param recordBytes bytes of all keys and values sent
 * @param response due time to acknowledgement
 * @param service call of {@code send} to acknowledgement; the response times themselves in a closed loop
 * @param inSend time inside {@code send}, of each call
 * @param inSendNs of all calls together, over all calling threads
 * @param callerAllocatedBytes allocated by the calling threads
 * @param behindNs how late the last record was, of the caller that was latest; 0 in a closed loop
 * @param stopped whether it ended before its last record, because somebody asked or because nothing moved any more
 * @param transactions empty when there were none
 * @param cost what the whole process used meanwhile
 */
public record PhaseResult(
        long elapsedNs,
        long attempted,
        long acked,
        long failed,
        Map<String, String> errors,
        long recordBytes,
        Histogram response,
        Histogram service,
        Histogram inSend,
        long inSendNs,
        long callerAllocatedBytes,
        long behindNs,
        boolean stopped,
        Optional<TransactionsResult> transactions,
        Cost cost) {

    /** Records a reader will see: acknowledged, and committed where there are transactions. */
    public long delivered() {
        return transactions.map(TransactionsResult::committedRecords).orElse(acked);
    }

    /** Records no reader will see, as far as the client knows; those of aborted transactions were acknowledged perhaps. */
    public long undelivered() {
        return transactions.map(TransactionsResult::lostRecords).orElse(failed);
    }

    /**
     * @param cpuNs CPU time of all threads of the process
     * @param userNs the part of it outside the kernel; below 0 when the system does not say
     * @param gcMs collection time
     * @param jitMs time the compiler worked: what is not small beside the CPU time should have been in the warm-up
     * @param jitCpuNs CPU time of the compiler's threads; below 0 when the system does not say
     * @param allocatedBytes by all threads
     */
    public record Cost(long cpuNs, long userNs, long gcMs, long jitMs, long jitCpuNs, long allocatedBytes) {
    }
}
