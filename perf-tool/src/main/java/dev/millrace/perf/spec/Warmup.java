package dev.millrace.perf.spec;

/**
 * How many records are sent before the measurement, when nobody says so: enough for the compiler, within bounds of its own.
 *
 * @param given what the user says; null when nothing
 * @param most records
 * @param mostBytes of values
 * @param mostSeconds of an open loop's schedule
 * @param asMeasured whether it is at most as long as the measurement
 */
public record Warmup(Long given, long most, long mostBytes, double mostSeconds, boolean asMeasured) {
    private static final long MB = 1 << 20;

    /** Never much beside the run itself, for somebody waits for it. */
    public static Warmup ofOneRun(Long given) {
        return new Warmup(given, 500_000, 100 * MB, 10, true);
    }

    /**
     * For runs that are compared with one another: until the compiler has nothing left to do, however short the measurement is.
     * With half a million records it goes on into the measurement, and longer for the client with more code.
     */
    public static Warmup ofComparedRuns(Long given) {
        return new Warmup(given, 2_000_000, 1024 * MB, 20, false);
    }

    /**
     * The number of records.
     *
     * @param measured records of the measurement
     * @param recordSize bytes of a value
     * @param throughput records a second; below 0 for a closed loop
     * @throws UsageException when the user asks for less than none
     */
    public long records(long measured, int recordSize, double throughput) {
        if (given != null) {
            if (given < 0 || given > Long.MAX_VALUE / 2) {
                throw new UsageException("--warmup-records: " + given + " is not between 0 and " + Long.MAX_VALUE / 2);
            }
            return given;
        }
        long records = Math.min(asMeasured ? measured : Long.MAX_VALUE, most);
        records = Math.min(records, Math.max(1, mostBytes / Math.max(1, recordSize)));
        if (throughput > 0) {
            records = Math.min(records, Math.max(1, (long) (throughput * mostSeconds)));
        }
        return records;
    }
}
