package dev.millrace.internal.producer.net;

import java.util.Map;
import org.apache.kafka.common.protocol.Errors;

/**
 * What a broker, or the lack of one, said of one batch.
 *
 * @param baseOffset -1 when it is not known
 * @param logAppendTimeMs -1 when the records keep their own time stamps
 * @param logStartOffset -1 when it is not known
 * @param recordErrors messages (perhaps null) by the index of the records that were refused; empty when all share their fate
 * @param message the broker's words, or null
 */
public record PartitionResult(Errors error, long baseOffset, long logAppendTimeMs, long logStartOffset,
                              Map<Integer, String> recordErrors, String message) {

    static PartitionResult success() {
        return new PartitionResult(Errors.NONE, -1, -1, -1, Map.of(), null);
    }

    /** An error that no broker told of. */
    public static PartitionResult failure(Errors error, String message) {
        return new PartitionResult(error, -1, -1, -1, Map.of(), message);
    }

    /** The exception that stands for the error, with the broker's words where there are any. */
    public RuntimeException exception() {
        return message == null || message.isEmpty() ? error.exception() : error.exception(message);
    }

    @Override
    public String toString() {
        return message == null || message.isEmpty() ? error.name() : error + ". Error Message: " + message;
    }
}
