package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.UndecodableRecords;
import dev.millrace.internal.consumer.commit.Committer;
import dev.millrace.internal.consumer.poll.Failures.Verdict;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkFloor;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What comes after an attempt: the record is done, waits for the next one, goes to the dead letters, or stops the consumer. Poll thread. */
public final class Aftermath {

    private static final Logger LOG = LoggerFactory.getLogger(Aftermath.class);
    /** A dead letter that was not taken so often by its producer, which retries by itself, is not going to be taken. */
    private static final int DEAD_LETTER_ATTEMPTS = 3;

    private final Failures failures;
    /** Null when there are none. */
    private final DeadLetterOffice deadLetters;
    private final Waiting waiting = new Waiting();
    private final WorkFloor floor;
    private final Throttle throttle;
    private final Committer committer;
    private final Executor pollThread;
    private final Consumer<RuntimeException> stop;
    private final Time time;
    private long retried;
    private long deadLettered;
    private long skipped;

    /**
     * What the user wants done.
     *
     * @param deadLetters null for none
     */
    public record Policies(RetryPolicy retries, DeadLetters deadLetters, UndecodableRecords undecodable) {
    }

    Aftermath(Policies policies, WorkFloor floor, Throttle throttle, Committer committer, Executor pollThread,
              Consumer<RuntimeException> stop, Time time) {
        this.failures = new Failures(policies.retries, policies.undecodable, policies.deadLetters != null);
        this.deadLetters = policies.deadLetters == null ? null : new DeadLetterOffice(policies.deadLetters);
        this.floor = floor;
        this.throttle = throttle;
        this.committer = committer;
        this.pollThread = pollThread;
        this.stop = stop;
        this.time = time;
    }

    /** Looks at a posted record; true when it is done. */
    boolean settle(WorkRecord record) {
        AssignedPartition partition = record.partition();
        if (record.outcome() instanceof WorkRecord.Outcome.Handled) {
            committer.done(record);
            return true;
        }
        if (partition.isRevoked()) {
            // Nobody begins it again here; the next owner does.
            giveUp(record);
            return false;
        }
        Verdict verdict = failures.of(record, time.milliseconds());
        if (verdict instanceof Verdict.Again again)
            waiting.add(record, again.atMs());
        else if (verdict instanceof Verdict.Skip skip)
            return skip(record, skip.why());
        else if (verdict instanceof Verdict.DeadLetter letter && deadLetters.isTransactional())
            return sendWithCommit(record, letter.why());
        else if (verdict instanceof Verdict.DeadLetter letter)
            send(record, letter.why(), 1);
        else
            stop(record, new KafkaException("The record of " + record + " was not handled in " + record.attempt()
                    + " attempts, and there are no dead letters to put it to", ((Verdict.Stop) verdict).why()));
        return false;
    }

    /** Not handled, and not to be committed: the next who reads the partition gets it again. */
    private void stop(WorkRecord record, KafkaException why) {
        giveUp(record);
        stop.accept(why);
    }

    private boolean skip(WorkRecord record, Throwable why) {
        LOG.warn("The record of {} can't be deserialized and is skipped: {}", record, why.toString());
        skipped++;
        done(record);
        return true;
    }

    /** Done without a handler: what waited behind it goes on. */
    private void done(WorkRecord record) {
        committer.done(record);
        giveUp(record);
    }

    private void giveUp(WorkRecord record) {
        record.dropPosted();
        floor.route(record);
    }

    /** The dead letter is what came of the record, and the transaction that commits it sends it. */
    private boolean sendWithCommit(WorkRecord record, Throwable why) {
        try {
            record.outputs(List.of(deadLetters.letter(record, why)));
        } catch (RuntimeException e) {
            e.addSuppressed(why);
            stop(record, new KafkaException("The record of " + record + " was not handled, and its dead letter could not be made", e));
            return false;
        }
        deadLettered++;
        done(record);
        return true;
    }

    private void send(WorkRecord record, Throwable why, int attempt) {
        deadLetters.send(record, why, (metadata, e) -> pollThread.execute(() -> {
            if (e == null) {
                deadLettered++;
                if (record.status() == WorkRecord.Status.POSTED)
                    done(record);
            } else if (record.partition().isRevoked()) {
                giveUp(record);
            } else if (attempt < DEAD_LETTER_ATTEMPTS) {
                LOG.warn("The dead letter of {} could not be sent and is tried again: {}", record, e.toString());
                send(record, why, attempt + 1);
            } else {
                stop(record, new KafkaException("The record of " + record + " was not handled, and its dead letter could not be sent", e));
            }
        }));
    }

    /** Has the records go on whose time has come. */
    void routeDue(long nowMs) {
        WorkRecord record;
        while ((record = waiting.takeDue(nowMs)) != null) {
            // One that was asked for its time, and never tried, is not tried again.
            if (record.attempt() > 0)
                retried++;
            record.requeue();
            throttle.add(record);
        }
        floor.call();
    }

    /** When the next record's time comes. */
    long nextMs() {
        return waiting.nextMs();
    }

    /** What waits, the next one first. */
    List<ParkedRecord> parkedRecords() {
        return waiting.all();
    }

    /** Gives up what waits of a partition that is no longer this consumer's. */
    void forget(AssignedPartition partition) {
        waiting.takeAllOf(partition).forEach(this::giveUp);
    }

    // ---------------------------------------------------------------- for those who watch

    /** Attempts behind one that failed. */
    long retried() {
        return retried;
    }

    /** Dead letters that were acknowledged. */
    long deadLettered() {
        return deadLettered;
    }

    /** Records that are done without a handler, because they can't be deserialized. */
    long skipped() {
        return skipped;
    }
}
