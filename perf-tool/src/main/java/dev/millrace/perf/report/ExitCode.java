package dev.millrace.perf.report;

/** What the process ends with. Stable: scripts depend on them. */
public final class ExitCode {
    /** The run was made, and every target was met. */
    public static final int OK = 0;
    /** The run could not be made, records failed, or the log does not hold what was acknowledged. */
    public static final int ERROR = 1;
    /** The command line is wrong. */
    public static final int USAGE = 2;
    /** A target was missed. */
    public static final int TARGET_MISSED = 3;
    /** The figures do not mean what was asked: the schedule was not kept, or there were too few samples. */
    public static final int NOT_VALID = 4;
    /** Ended by Ctrl-C, as the shell reports it. */
    public static final int INTERRUPTED = 130;

    private ExitCode() {
    }
}
