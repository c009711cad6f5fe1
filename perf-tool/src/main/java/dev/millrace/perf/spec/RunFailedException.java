package dev.millrace.perf.spec;

/** The run could not be made or finished, for a reason its message tells in full. The tool exits with 1. */
public final class RunFailedException extends RuntimeException {
    public RunFailedException(String message) {
        super(message);
    }

    public RunFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
