package dev.millrace.perf.consume;

/**
 * What became of one partition's records.
 *
 * @param from first offset of the run
 * @param to the offset behind its last one
 * @param expected records there are between them
 * @param handled times a record was handled
 * @param missing records that never were
 * @param firstMissing offset of the first of them; -1 for none
 * @param duplicates handlings of a record that had been handled before
 * @param notThere handled records that should not be there: of aborted transactions
 * @param last offset of the last record; -1 for none
 * @param committed the group's offset; -1 when it has committed none
 */
public record PartitionResult(int partition, long from, long to, long expected, long handled, long missing, long firstMissing,
                              long duplicates, long notThere, long last, long committed) {
    /** Whether a consumer that begins where the group left off would get one of these records again, or missed some. */
    boolean committedWrongly() {
        return last >= 0 && committed <= last || committed > to;
    }
}
