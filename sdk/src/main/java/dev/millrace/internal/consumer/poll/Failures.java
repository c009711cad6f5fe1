package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.UndecodableRecords;
import dev.millrace.internal.consumer.work.WorkRecord;
import dev.millrace.internal.consumer.work.WorkRecord.Outcome;

/** What happens to a record that was not handled. Pure. */
record Failures(RetryPolicy retries, UndecodableRecords undecodable, boolean hasDeadLetters) {

    /** What to do. */
    sealed interface Verdict {
        /** The same again, at this time. */
        record Again(long atMs) implements Verdict {
        }

        /** It is done without having been handled. */
        record Skip(Throwable why) implements Verdict {
        }

        /** To the dead letters. */
        record DeadLetter(Throwable why) implements Verdict {
        }

        /** The consumer stops. */
        record Stop(Throwable why) implements Verdict {
        }
    }

    Verdict of(WorkRecord record, long nowMs) {
        Outcome outcome = record.outcome();
        if (outcome instanceof Outcome.NotBefore notBefore)
            return new Verdict.Again(notBefore.atMs());
        if (outcome instanceof Outcome.Undecodable bytes)
            return switch (undecodable) {
                case SKIP -> new Verdict.Skip(bytes.failure());
                case DEAD_LETTER -> new Verdict.DeadLetter(bytes.failure());
                case STOP -> new Verdict.Stop(bytes.failure());
            };
        Throwable failure = ((Outcome.Failed) outcome).failure();
        long backoffMs = retries.backoffMs(failure, record.attempt());
        if (backoffMs >= 0)
            return new Verdict.Again(nowMs + backoffMs);
        return hasDeadLetters ? new Verdict.DeadLetter(failure) : new Verdict.Stop(failure);
    }
}
