package dev.millrace.internal.consumer.commit;

import java.util.List;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/** What an exception of an aborted transaction says about the next one. Pure. */
final class AbortCauses {

    /** About all that is sent to a topic. */
    private static final List<Class<? extends Exception>> REFUSALS_OF_TOPICS = List.of(InvalidTopicException.class,
            TopicAuthorizationException.class, UnsupportedForMessageFormatException.class);

    /** About one record, not about the transaction, the producer or the moment. */
    private static final List<Class<? extends Exception>> REFUSALS = List.of(RecordTooLargeException.class,
            RecordBatchTooLargeException.class, SerializationException.class, InvalidRecordException.class,
            InvalidTimestampException.class, IllegalArgumentException.class);

    private static final List<Class<? extends Exception>> FATAL = List.of(AuthorizationException.class, AuthenticationException.class,
            FencedInstanceIdException.class, UnsupportedVersionException.class);

    private AbortCauses() {
    }

    /** Whether an output that failed with this would fail the next time as well. */
    static boolean isRefusal(Exception e) {
        return isRefusalOfTopic(e) || REFUSALS.stream().anyMatch(type -> type.isInstance(e));
    }

    /** Whether all outputs to the topic would fail as this one did. */
    static boolean isRefusalOfTopic(Exception e) {
        return REFUSALS_OF_TOPICS.stream().anyMatch(type -> type.isInstance(e));
    }

    /** Whether a transaction that failed with this would fail the next time as well, with whatever records. */
    static boolean isFatal(RuntimeException cause) {
        return FATAL.stream().anyMatch(type -> has(cause, type));
    }

    /** Whether the exception is of a type, or one of its causes is. */
    static boolean has(Throwable failure, Class<? extends Throwable> type) {
        for (Throwable e = failure; e != null; e = e.getCause())
            if (type.isInstance(e))
                return true;
        return false;
    }
}
