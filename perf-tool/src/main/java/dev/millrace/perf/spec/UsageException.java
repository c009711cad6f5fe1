package dev.millrace.perf.spec;

/** The command asks for something that cannot be: a wrong option, expression or setting. The tool exits with 2. */
public final class UsageException extends RuntimeException {
    public UsageException(String message) {
        super(message);
    }

    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
