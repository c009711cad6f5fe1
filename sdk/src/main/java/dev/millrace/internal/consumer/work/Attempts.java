package dev.millrace.internal.consumer.work;

import dev.millrace.internal.consumer.work.WorkRecord.Outcome;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.utils.Time;

/**
 * What there is to one attempt before the handler is called and after it returned, whatever the kind of handler. Shared by the
 * workers; has no state of its own.
 */
public final class Attempts<K, V> {

    private final Completions completions;
    private final Time time;
    /** Null when every record may be handled at once. */
    private final Function<ConsumerRecord<K, V>, Instant> notBefore;
    /** Milliseconds after its timestamp; {@link Long#MAX_VALUE} for never. */
    private final long expireAfterMs;

    public Attempts(Completions completions, Time time, Function<ConsumerRecord<K, V>, Instant> notBefore, long expireAfterMs) {
        this.completions = completions;
        this.time = time;
        this.notBefore = notBefore;
        this.expireAfterMs = expireAfterMs;
    }

    /**
     * The record for the handler; null when it is not to be called, and the record was posted with the reason.
     *
     * @param record claimed
     */
    ConsumerRecord<K, V> begin(Unit unit, WorkRecord record, RecordDecoder<K, V> decoder) {
        ConsumerRecord<K, V> decoded = null;
        Outcome instead = isExpired(record) ? Outcome.Handled.EXPIRED : null;
        if (instead == null) {
            try {
                decoded = decoder.decode(record);
            } catch (Throwable e) {
                // Errors too: bytes that are nested too deep overflow the stack.
                instead = new Outcome.Undecodable(e);
            }
        }
        if (instead == null && notBefore != null)
            instead = tooEarly(record, decoded);
        if (instead != null) {
            end(unit, record, instead);
            return null;
        }
        record.begin(time.nanoseconds());
        return decoded;
    }

    private boolean isExpired(WorkRecord record) {
        // A record that was tried is no longer one that nobody wants.
        return expireAfterMs != Long.MAX_VALUE && record.attempt() == 0 && record.raw().timestamp() >= 0
                && time.milliseconds() - record.raw().timestamp() > expireAfterMs;
    }

    private Outcome tooEarly(WorkRecord record, ConsumerRecord<K, V> decoded) {
        try {
            Instant at = notBefore.apply(decoded);
            return at == null || at.toEpochMilli() <= time.milliseconds() ? null : new Outcome.NotBefore(at.toEpochMilli());
        } catch (Throwable e) {
            // Counted as an attempt, or it would be asked for ever.
            record.begin(time.nanoseconds());
            record.end(time.nanoseconds());
            return new Outcome.Failed(e);
        }
    }

    /** The handler returned. */
    void handled(Unit unit, WorkRecord record) {
        record.end(time.nanoseconds());
        end(unit, record, Outcome.Handled.HANDLED);
    }

    /** The handler threw, or its stage did. */
    void failed(Unit unit, WorkRecord record, Throwable failure) {
        record.end(time.nanoseconds());
        end(unit, record, new Outcome.Failed(cause(failure)));
    }

    /** The record came behind one that failed, in the same batch: it waits for that, and nobody is told. */
    void overtook(Unit unit, WorkRecord record) {
        unit.failed(record);
        if (record.isRevoked())
            // It is queued again, behind the back of a poll thread that waits until nothing is.
            completions.alert();
    }

    private static Throwable cause(Throwable failure) {
        Objects.requireNonNull(failure, "failure");
        boolean wrapped = failure instanceof CompletionException || failure instanceof ExecutionException;
        return wrapped && failure.getCause() != null ? failure.getCause() : failure;
    }

    private void end(Unit unit, WorkRecord record, Outcome outcome) {
        boolean done = outcome instanceof Outcome.Handled;
        record.takeBack();
        // Before the post: afterwards the record may be somebody else's.
        if (done)
            unit.succeeded(record);
        else
            unit.failed(record);
        record.post(outcome);
        completions.push(record, !done);
    }
}
