package dev.millrace.testkit;

/**
 * A child process (a broker, a sink) did not start, did not become ready in time, or could not be signalled. The
 * message says which one and what was waited for, and ends with the last lines of the child's log.
 */
public class ChildProcessException extends RuntimeException {

    /** @param message what was asked, what was found, and the end of the child's log */
    public ChildProcessException(String message) {
        super(message);
    }

    /**
     * @param message what was asked, what was found, and the end of the child's log
     * @param cause what went wrong underneath
     */
    public ChildProcessException(String message, Throwable cause) {
        super(message, cause);
    }
}
