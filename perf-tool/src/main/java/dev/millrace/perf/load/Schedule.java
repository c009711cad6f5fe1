package dev.millrace.perf.load;

/** When each record of one caller should be sent. Depends on nothing that happens in the run: that is what an open loop is. */
@FunctionalInterface
interface Schedule {
    /** The closed loop: a record is due when the caller gets to it. */
    Schedule AS_FAST_AS_POSSIBLE = (index, nowNs) -> nowNs;

    /**
     * @param index of the record among this caller's, from 0
     * @param nowNs the time now
     * @return when it is due, on the same clock
     */
    long dueNs(long index, long nowNs);

    /**
     * Records at even distances, dealt out to the callers in turn.
     *
     * @param startNs when the first caller's first record is due
     * @param recordsPerSecond over all callers
     */
    static Schedule paced(long startNs, double recordsPerSecond, int caller, int callers) {
        double nanosPerRecord = 1e9 / recordsPerSecond;
        // A product, not a sum, so that rounding never adds up to a drift.
        return (index, nowNs) -> startNs + (long) ((index * callers + caller) * nanosPerRecord);
    }
}
