package dev.millrace.internal.producer.batch;

import java.util.function.IntFunction;

/**
 * How a batch ended. Immutable.
 *
 * @param baseOffset offset of the first record, -1 when it is not known (acks=0, or a duplicate the broker had forgotten)
 * @param logAppendTimeMs the broker's time stamp, -1 when the records keep their own
 * @param error why the batch failed, or null
 * @param recordErrors the exception of the record with a given index, where the broker told records apart; or null
 */
record BatchOutcome(long baseOffset, long logAppendTimeMs, RuntimeException error,
                    IntFunction<RuntimeException> recordErrors) {

    RuntimeException errorOf(int index) {
        return recordErrors == null ? error : recordErrors.apply(index);
    }
}
