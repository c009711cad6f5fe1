package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Futures of records that were not stored. */
final class FailedFuture {

    private static final long PATIENCE_S = 30;

    private FailedFuture() {
    }

    /** Waits for the end of a record, which is to be an exception of this type. */
    static <T extends Throwable> T assertFails(Class<T> type, Future<?> future) {
        return assertInstanceOf(type,
                assertThrows(ExecutionException.class, () -> future.get(PATIENCE_S, TimeUnit.SECONDS)).getCause());
    }
}
