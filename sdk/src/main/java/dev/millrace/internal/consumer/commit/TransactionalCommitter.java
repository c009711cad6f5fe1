package dev.millrace.internal.consumer.commit;

import dev.millrace.internal.consumer.commit.OutputTransactions.Attempt;
import dev.millrace.internal.consumer.commit.OutputTransactions.Failure;
import dev.millrace.internal.consumer.commit.OutputTransactions.Outcome;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.RefusedOutputs;
import dev.millrace.internal.consumer.work.WorkRecord;
import dev.millrace.internal.consumer.work.WorkRecord.Outcome.Handled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits offsets together with what came of their records: gathers records that are over, and has them sent group by group.
 *
 * <pre>
 *   over ---> waiting ---seal---> in the group on its way ---committed---> gone
 *                ^                     |  ^        |
 *                |                 aborted | again | refused
 *                |                     +---+       v
 *                +----- handled again <---- the partition, read again from the committed offset
 * </pre>
 *
 * <p>Outputs are kept until their record's handler has returned, so a transaction needs no drain: it has what is over, and what runs, waits
 * for a retry or was not begun is told to be not done by the map that goes with the offset. One group is on its way at a time. When it
 * was aborted, the same records are sent again, with the newest offsets; only a record whose outputs the brokers refuse takes its
 * partition back to the committed offset, and what comes after it is handled again in order.
 *
 * <p>A transaction whose end is not known in time at an edge is left to {@link OutputTransactions}: its offsets carry the generation they
 * were taken in, so the group refuses them after the rebalance, or makes the next owner wait until they are decided. Poll thread only.
 */
public final class TransactionalCommitter implements Committer {

    private static final Logger LOG = LoggerFactory.getLogger(TransactionalCommitter.class);
    /** Transactions between two that were committed, that a dead letter made fail; the producer tries each for its delivery time-out. */
    private static final int DEAD_LETTER_ATTEMPTS = 3;

    private final Consumer<ByteBuffer, ByteBuffer> consumer;
    private final OutputTransactions transactions;
    private final RefusedOutputs refused;
    private final Host host;
    private final Settings settings;
    private final Time time;
    private final OffsetMaps maps = new OffsetMaps();
    private final Map<AssignedPartition, OpenPartition> partitions = new LinkedHashMap<>();
    /** The group on its way; null while there is none. */
    private Attempt attempt;
    /** The producer can't go on, or nobody knows what may be committed: nothing is, any more. */
    private boolean dead;
    private boolean started;
    /** Ends to begin again, so that what was refused of it is still of interest. */
    private AssignedPartition rewinding;
    private long nextMs;
    private int turn;
    private int deadLetterFailures;
    private long failures;

    /**
     * When transactions are made.
     *
     * @param records the most in one of them; as many bring it without waiting
     */
    public record Settings(long intervalMs, int records, long retryBackoffMs) {
    }

    public TransactionalCommitter(Consumer<ByteBuffer, ByteBuffer> consumer, OutputTransactions transactions, RefusedOutputs refused,
                                  Host host, Settings settings, Time time) {
        this.consumer = consumer;
        this.transactions = transactions;
        this.refused = refused;
        this.host = host;
        this.settings = settings;
        this.time = time;
        this.nextMs = time.milliseconds() + settings.intervalMs;
    }

    @Override
    public void start() {
        if (started)
            return;
        started = true;
        transactions.initialize().whenComplete((nothing, e) -> {
            if (e != null)
                host.execute(() -> die(new KafkaException("The producer of the outputs could not be initialized for transactions", e)));
        });
    }

    // ---------------------------------------------------------------- assignments

    @Override
    public void topicIds(Map<String, Uuid> ids) {
        maps.topicIds(ids);
    }

    @Override
    public void begin(AssignedPartition partition, OffsetAndMetadata last) {
        if (maps.isUnreadable(partition.topicPartition(), last)) {
            die(new KafkaException("The id of topic " + partition.topicPartition().topic() + " could not be found out, and without it nobody"
                    + " can tell which records of " + partition + " beyond offset " + last.offset() + " are committed already."
                    + " Is the consumer allowed to describe the topic?"));
            return;
        }
        DoneOffsets done = last == null ? DoneOffsets.EMPTY : maps.read(partition.topicPartition(), last);
        if (last != null)
            partition.startAt(last.offset(), done);
        partitions.put(partition, open(partition, last, done));
    }

    private OpenPartition open(AssignedPartition partition, OffsetAndMetadata last, DoneOffsets done) {
        return new OpenPartition(partition, maps, last, done.isEmpty() ? -1 : done.end(done.rangeCount() - 1) - 1);
    }

    @Override
    public void end(AssignedPartition partition) {
        partitions.remove(partition);
        if (partition != rewinding)
            refused.removeAllOf(partition.topicPartition());
    }

    @Override
    public void done(WorkRecord record) {
        AssignedPartition partition = record.partition();
        OpenPartition open = partitions.get(partition);
        // Else its partition is gone, or is read again.
        if (open != null)
            open.done(record);
    }

    // ---------------------------------------------------------------- groups

    @Override
    public long nextMs() {
        return attempt != null || dead ? Long.MAX_VALUE : nextMs;
    }

    @Override
    public void commit(Collection<AssignedPartition> ignored) {
        if (attempt != null || dead)
            return;
        nextMs = time.milliseconds() + settings.intervalMs;
        begin();
    }

    /** All there is, whatever partitions are meant: a group that is open is finished as a whole. */
    @Override
    public boolean commitSync(Collection<AssignedPartition> ignored, long timeoutMs) {
        long untilMs = time.milliseconds() + timeoutMs;
        while (!dead && (attempt != null || begin())) {
            Outcome outcome = await(attempt, untilMs);
            if (outcome == null) {
                LOG.warn("The transaction for {} was not over in {} ms; it is aborted if it can be, and else the next owner of the"
                        + " partitions waits for it", attempt.group(), timeoutMs);
                attempt.giveUp();
                return false;
            }
            ended(attempt);
            if (outcome instanceof Outcome.Aborted aborted && !mayTryAgain(aborted, untilMs))
                return false;
        }
        return !dead;
    }

    /** What was handled would be neither committed nor handled again. */
    @Override
    public void beforeSeek(AssignedPartition partition, long timeoutMs) {
        commitSync(List.of(partition), timeoutMs);
    }

    private boolean mayTryAgain(Outcome.Aborted aborted, long untilMs) {
        if (AbortCauses.has(aborted.cause(), CommitFailedException.class) || time.milliseconds() + settings.retryBackoffMs >= untilMs)
            return false;
        host.park(settings.retryBackoffMs);
        return true;
    }

    private Outcome await(Attempt awaited, long untilMs) {
        try {
            return awaited.outcome().get(Math.max(1, untilMs - time.milliseconds()), TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            return null;
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Begins a transaction; false when there is nothing to commit. */
    private boolean begin() {
        Map<AssignedPartition, OffsetAndMetadata> offsets = new HashMap<>();
        List<WorkRecord> records = new ArrayList<>();
        for (Map.Entry<AssignedPartition, OpenPartition> entry : inTurn()) {
            int more = entry.getValue().sealed().size();
            OffsetAndMetadata now = entry.getValue().seal(Math.max(0, settings.records - records.size() - more));
            if (now != null) {
                offsets.put(entry.getKey(), now);
                records.addAll(entry.getValue().sealed());
            }
        }
        if (offsets.isEmpty())
            return false;
        start();
        Attempt begun = transactions.send(new TransactionGroup(records, offsets, consumer.groupMetadata()));
        attempt = begun;
        begun.outcome().thenRun(() -> host.execute(() -> ended(begun)));
        return true;
    }

    /** Another one first each time, for the first may fill the group. */
    private List<Map.Entry<AssignedPartition, OpenPartition>> inTurn() {
        List<Map.Entry<AssignedPartition, OpenPartition>> all = new ArrayList<>(partitions.entrySet());
        if (!all.isEmpty())
            Collections.rotate(all, turn++ % all.size());
        return all;
    }

    // ---------------------------------------------------------------- what became of them

    private void ended(Attempt over) {
        if (attempt != over)
            return;
        attempt = null;
        Outcome outcome = over.outcome().join();
        if (outcome instanceof Outcome.Committed)
            committed(over.group());
        else if (outcome instanceof Outcome.Aborted aborted)
            aborted(over.group(), aborted);
        else
            die(new KafkaException("The transaction for " + over.group() + " failed, and its producer can't go on",
                    ((Outcome.Fatal) outcome).cause()));
    }

    private void committed(TransactionGroup group) {
        deadLetterFailures = 0;
        group.offsets().forEach((partition, offset) -> {
            OpenPartition open = partitions.get(partition);
            if (open != null)
                open.committed(offset);
        });
        group.records().forEach(refused::remove);
        if (partitions.values().stream().mapToInt(OpenPartition::waiting).sum() >= settings.records)
            nextMs = time.milliseconds();
    }

    private void aborted(TransactionGroup group, Outcome.Aborted aborted) {
        failures++;
        nextMs = time.milliseconds() + settings.retryBackoffMs;
        Failure failure = aborted.failure();
        LOG.warn("The transaction for {} was aborted, and is made again: {}{}", group, aborted.cause().toString(),
                failure == null ? "" : "; first failed an output to " + failure.topic() + " of the record of " + failure.record() + ": "
                        + failure.why());
        boolean isDeadLetter = failure != null && !(failure.record().outcome() instanceof Handled);
        if (isDeadLetter && (failure.isRefusal() || ++deadLetterFailures >= DEAD_LETTER_ATTEMPTS))
            die(new KafkaException("The record of " + failure.record() + " was not handled, and its dead letter could not be sent",
                    failure.why()));
        else if (failure != null && failure.isRefusal())
            refused(group, failure);
        else if (AbortCauses.isFatal(aborted.cause()))
            die(new KafkaException("Offsets and outputs of " + group + " can't be committed", aborted.cause()));
    }

    /**
     * The brokers will not take the output the next time either: the retry policy has to decide about its record, and those behind it have
     * to come after that.
     */
    private void refused(TransactionGroup group, Failure failure) {
        Map<AssignedPartition, List<WorkRecord>> refusals = new HashMap<>();
        for (WorkRecord record : group.records())
            if (record == failure.record() || AbortCauses.isRefusalOfTopic(failure.why())
                    && record.outputs().stream().anyMatch(output -> output.topic().equals(failure.topic())))
                refusals.computeIfAbsent(record.partition(), partition -> new ArrayList<>()).add(record);
        refusals.forEach((partition, records) -> {
            AssignedPartition again = doAgain(partition);
            if (again != null)
                records.forEach(record -> refused.add(record, failure.why()));
        });
    }

    /**
     * Forgets all that a partition did since the last commit, and has it read from there.
     *
     * @return null when it is not this consumer's any more
     */
    private AssignedPartition doAgain(AssignedPartition before) {
        OpenPartition open = partitions.remove(before);
        if (open == null)
            return null;
        OffsetAndMetadata committed = open.committed();
        long from = committed == null ? before.start() : committed.offset();
        DoneOffsets done = committed == null ? DoneOffsets.EMPTY : maps.read(before.topicPartition(), committed);
        rewinding = before;
        AssignedPartition again = host.rewind(before, from, done);
        rewinding = null;
        if (again == null)
            return null;
        LOG.warn("{} is read again from offset {}", again, from);
        partitions.put(again, open(again, committed, done));
        return again;
    }

    private void die(KafkaException reason) {
        dead = true;
        host.fail(reason);
    }

    // ---------------------------------------------------------------- for those who watch

    @Override
    public OffsetAndMetadata committed(TopicPartition partition) {
        for (Map.Entry<AssignedPartition, OpenPartition> entry : partitions.entrySet())
            if (entry.getKey().topicPartition().equals(partition))
                return entry.getValue().committed();
        return null;
    }

    /** Transactions that were aborted. */
    @Override
    public long failures() {
        return failures;
    }

    @Override
    public long ignoredMetadata() {
        return maps.ignored();
    }
}
