package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.HungHandlerListener;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.internal.consumer.commit.Committer;
import dev.millrace.internal.consumer.commit.OffsetCommitter;
import dev.millrace.internal.consumer.commit.TopicIds;
import dev.millrace.internal.consumer.config.ConsumerSettings;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.watch.Watch;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.Completions;
import dev.millrace.internal.consumer.work.WorkFloor;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that owns Kafka's consumer: polls, admits records to the work floor, collects what is done, and commits. It never waits for
 * a handler, but in {@link Rebalances}, up to a deadline. All fields without another word are this thread's.
 */
public final class PollLoop {

    private static final Logger LOG = LoggerFactory.getLogger(PollLoop.class);

    /** A worker is called for so many records that came, not for each: waking a thread costs more than to handle a few. */
    private static final int RECORDS_PER_CALL = 64;

    private final Consumer<ByteBuffer, ByteBuffer> consumer;
    private final ConsumerSettings settings;
    private final WorkFloor floor;
    private final Completions completions;
    private final Committer committer;
    private final Aftermath aftermath;
    private final Throttle throttle;
    private final HungHandlers hungHandlers;
    private final Time time;
    /** Waits for so many nanoseconds, unless {@link #wakeup} comes before. */
    private final LongConsumer park;
    private final Assignment assignment = new Assignment();
    private final Pauses pauses;
    private final Rebalances rebalances;
    private final Watch watch;
    private final Watched watched;
    /** Any thread adds. */
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private int doneSinceCommit;
    private boolean started;
    /** Empty but while {@link #collect} runs. */
    private final Deque<WorkRecord> notHandled = new ArrayDeque<>();
    /** Set once, by this thread; read by any. */
    private volatile RuntimeException failure;
    /** Set by any thread. */
    private volatile boolean closing;
    /** While this thread waits elsewhere than in Kafka's consumer; read by those who wake it. */
    private volatile Thread parked;

    /** What the loop is made of, beside Kafka's consumer. */
    public record Parts(ConsumerSettings settings, WorkFloor floor, Completions completions, TopicIds topicIds,
                        Aftermath.Policies policies, RebalanceListener listener, HungHandlerListener hungListener,
                        ToIntFunction<String> levels, Watch watch, Committers committers) {
    }

    /** Makes what commits. */
    @FunctionalInterface
    public interface Committers {

        /** By Kafka's consumer itself. */
        Committers OFFSETS_ONLY = (consumer, settings, host, time) -> new OffsetCommitter(consumer, time, settings.commitIntervalMs(),
                settings.retryBackoffMs(), host::fail);

        Committer make(Consumer<ByteBuffer, ByteBuffer> consumer, ConsumerSettings settings, Committer.Host host, Time time);
    }

    public PollLoop(Consumer<ByteBuffer, ByteBuffer> consumer, Parts parts, Time time) {
        this(consumer, parts, time, LockSupport::parkNanos);
    }

    /** @param park waits on this thread for so many nanoseconds, or until the thread is unparked */
    public PollLoop(Consumer<ByteBuffer, ByteBuffer> consumer, Parts parts, Time time, LongConsumer park) {
        this.consumer = consumer;
        this.settings = parts.settings;
        this.floor = parts.floor;
        this.completions = parts.completions;
        this.hungHandlers = new HungHandlers(settings.handlerTimeoutMs(), parts.hungListener);
        this.time = time;
        this.park = park;
        this.pauses = new Pauses(consumer, assignment, new Backpressure(settings.budget()));
        this.committer = parts.committers.make(consumer, settings, new CommitterHost(), time);
        this.throttle = new Throttle(floor, settings.recordsPerSecond(), time.nanoseconds());
        this.aftermath = new Aftermath(parts.policies, parts.floor, throttle, committer, this::execute, this::fail, time);
        this.watch = parts.watch;
        this.watched = new Watched(consumer, assignment, pauses, committer, aftermath);
        this.rebalances = new Rebalances(consumer, parts, assignment, pauses, committer, aftermath, new RebalancesHost(), time);
    }

    // ---------------------------------------------------------------- other threads

    /** Has the poll thread run this soon; any thread. */
    public void execute(Runnable command) {
        commands.add(command);
        completions.wake();
    }

    /** Wakes the poll thread, wherever it waits; any thread. Given to {@link Completions}. */
    public void wakeup() {
        Thread thread = parked;
        if (thread != null)
            LockSupport.unpark(thread);
        else
            consumer.wakeup();
    }

    /** A worker ended by what it should not have thrown; any thread. */
    public void workerDied(Throwable e) {
        execute(() -> fail(new KafkaException("A worker died, which is a mistake of this library", e)));
    }

    /** Has the loop end; any thread. */
    public void close() {
        closing = true;
        completions.wake();
    }

    /** Why the loop ended by itself; null while it did not. Any thread. */
    public RuntimeException failure() {
        return failure;
    }

    // ---------------------------------------------------------------- the loop

    /** Runs until closed or failed, and then drains, commits and leaves the group. */
    public void run() {
        try {
            while (round()) {
                // The next one.
            }
        } finally {
            shutDown();
        }
    }

    /** One round, unless it was closed or has failed; waits at most as long as a poll may take. False when there is to be no other. */
    public boolean round() {
        try {
            if (!started) {
                started = true;
                committer.start();
            }
            if (!closing && failure == null)
                runOnce();
        } catch (RuntimeException | Error e) {
            fail(e instanceof RuntimeException runtime ? runtime : new KafkaException("The poll thread died", e));
        }
        return !closing && failure == null;
    }

    /** One round whatever happened before; what goes wrong is thrown. */
    public void runOnce() {
        long nowMs = time.milliseconds();
        runCommands();
        rebalances.beginLate();
        collect();
        aftermath.routeDue(nowMs);
        throttle.release(time.nanoseconds());
        hungHandlers.look(assignment.all(), nowMs, time.nanoseconds());
        pauses.balance();
        if (nowMs >= committer.nextMs() || settings.commitRecords() > 0 && doneSinceCommit >= settings.commitRecords())
            commit();
        watch.look(watched, nowMs);
        watch.pollBegins();
        ConsumerRecords<ByteBuffer, ByteBuffer> polled = poll(nowMs);
        watch.pollEnded(!polled.isEmpty());
        admit(polled);
    }

    private void runCommands() {
        Runnable command;
        while ((command = commands.poll()) != null)
            command.run();
    }

    private ConsumerRecords<ByteBuffer, ByteBuffer> poll(long nowMs) {
        long timeoutMs = Math.max(0, Math.min(settings.pollMs(), nextMs() - nowMs));
        boolean mayWait = completions.beginSleep(wakeAt()) && commands.isEmpty() && !closing;
        try {
            return consumer.poll(mayWait ? Duration.ofMillis(timeoutMs) : Duration.ZERO);
        } catch (WakeupException e) {
            return ConsumerRecords.empty();
        } catch (InterruptException | AuthenticationException | AuthorizationException | InvalidOffsetException
                 | FencedInstanceIdException | InvalidGroupIdException | InvalidTopicException | UnsupportedVersionException e) {
            fail(e);
            return ConsumerRecords.empty();
        } catch (KafkaException e) {
            LOG.warn("A poll failed and is tried again", e);
            await(settings.retryBackoffMs(), 1);
            return ConsumerRecords.empty();
        } finally {
            completions.endSleep();
        }
    }

    /** How many completions are worth waking up for. */
    private int wakeAt() {
        int wanted = settings.commitRecords() > 0 ? Math.max(1, settings.commitRecords() - doneSinceCommit) : Integer.MAX_VALUE - 1;
        for (AssignedPartition partition : assignment.all())
            if (partition.isFull())
                wanted = Math.min(wanted, Math.max(1, partition.records() / 4));
        return wanted;
    }

    private void fail(RuntimeException e) {
        if (failure == null) {
            LOG.error("The consumer stops: {}", e.toString());
            failure = e;
        }
    }

    // ---------------------------------------------------------------- records

    private void admit(ConsumerRecords<ByteBuffer, ByteBuffer> polled) {
        if (polled.isEmpty() && polled.nextOffsets().isEmpty())
            return;
        long nowMs = time.milliseconds();
        for (TopicPartition topicPartition : polled.partitions())
            admit(topicPartition, polled.records(topicPartition), nowMs);
        polled.nextOffsets().forEach((topicPartition, next) -> {
            AssignedPartition partition = assignment.get(topicPartition);
            if (partition == null)
                return;
            if (partition.tracker() == null)
                partition.startAt(next.offset(), DoneOffsets.EMPTY);
            partition.advance(next.offset(), next.leaderEpoch());
        });
    }

    private void admit(TopicPartition topicPartition, List<ConsumerRecord<ByteBuffer, ByteBuffer>> records, long nowMs) {
        AssignedPartition partition = assignment.get(topicPartition);
        if (partition == null)
            throw new IllegalStateException("a record came of " + topicPartition + ", which is not assigned");
        int routed = 0;
        for (ConsumerRecord<ByteBuffer, ByteBuffer> raw : records) {
            if (partition.tracker() == null)
                partition.startAt(raw.offset(), DoneOffsets.EMPTY);
            else if (raw.offset() < partition.tracker().position())
                partition = begunAgain(partition, raw.offset());
            if (partition.tracker().isDone(raw.offset()))
                continue;
            WorkRecord record = new WorkRecord(raw, partition);
            record.admitted(nowMs);
            partition.admitted(record);
            throttle.add(record);
            if (++routed % RECORDS_PER_CALL == 0)
                floor.call();
        }
        floor.call();
    }

    /** The log was truncated or made again, or someone sought back: what runs is of another assignment, as far as order and commits go. */
    private AssignedPartition begunAgain(AssignedPartition before, long offset) {
        LOG.warn("{} goes back from offset {} to {}", before.topicPartition(), before.tracker().position(), offset);
        AssignedPartition again = rebalances.restart(before);
        again.startAt(offset, DoneOffsets.EMPTY);
        return again;
    }

    /** What the committer sees of this thread. */
    private final class CommitterHost implements Committer.Host {

        @Override
        public void fail(RuntimeException reason) {
            PollLoop.this.fail(reason);
        }

        @Override
        public void execute(Runnable command) {
            PollLoop.this.execute(command);
        }

        @Override
        public void park(long ms) {
            park.accept(TimeUnit.MILLISECONDS.toNanos(ms));
        }

        @Override
        public AssignedPartition rewind(AssignedPartition before, long offset, DoneOffsets done) {
            if (before.isRevoked() || assignment.get(before.topicPartition()) != before)
                return null;
            consumer.seek(before.topicPartition(), offset);
            AssignedPartition again = rebalances.restart(before);
            again.startAt(offset, done);
            pauses.apply();
            return again;
        }
    }

    /** What rebalances see of this thread. */
    private final class RebalancesHost implements Rebalances.Host {

        @Override
        public void takeIn() {
            collect();
            runCommands();
        }

        @Override
        public void await(long ms) {
            PollLoop.this.await(ms, 1);
        }

        @Override
        public void look() {
            watch.lookNow(watched);
        }

        @Override
        public void fail(RuntimeException reason) {
            PollLoop.this.fail(reason);
        }

        @Override
        public boolean isClosing() {
            return closing;
        }
    }

    private void collect() {
        WorkRecord record = completions.takeAll();
        while (record != null) {
            WorkRecord next = Completions.next(record);
            watch.completed(record);
            if (record.outcome() instanceof WorkRecord.Outcome.Handled)
                settle(record);
            else
                notHandled.push(record);
            record = next;
        }
        // They come newest first; dead letters and retries go out in the order in which the attempts ended.
        while ((record = notHandled.poll()) != null)
            settle(record);
    }

    private void settle(WorkRecord record) {
        if (aftermath.settle(record))
            doneSinceCommit++;
    }

    private void commit() {
        doneSinceCommit = 0;
        committer.commit(assignment.all());
    }

    // ---------------------------------------------------------------- the user's wishes; poll thread, by execute()

    /** Which partitions the user does not want to be fetched. */
    public void pause(Collection<TopicPartition> partitions, boolean paused) {
        pauses.byUser(partitions, paused);
    }

    /** Stops or begins fetching altogether. */
    public void pauseAll(boolean paused) {
        pauses.allByUser(paused);
    }

    /** Changes how many records may begin in a second; 0 for no limit. */
    public void rateLimit(double recordsPerSecond) {
        throttle.limit(recordsPerSecond, time.nanoseconds());
    }

    /** Goes on elsewhere in a partition: what is queued of it is dropped, what runs is finished and not counted. */
    public void seek(TopicPartition topicPartition, long offset) {
        AssignedPartition partition = assignment.get(topicPartition);
        if (partition == null)
            throw new IllegalStateException("cannot seek in " + topicPartition + ": it is not assigned to this consumer");
        committer.beforeSeek(partition, settings.drainMs());
        consumer.seek(topicPartition, offset);
        // Not the one from above: a transaction that was aborted meanwhile may have begun the partition anew.
        rebalances.restart(assignment.get(topicPartition)).startAt(offset, DoneOffsets.EMPTY);
        pauses.apply();
    }

    /** Waits outside of Kafka's consumer until so many records are completed, or for this long. */
    private void await(long ms, int count) {
        parked = Thread.currentThread();
        try {
            if (completions.beginSleep(count) && commands.isEmpty())
                park.accept(TimeUnit.MILLISECONDS.toNanos(ms));
        } finally {
            completions.endSleep();
            parked = null;
        }
    }

    // ---------------------------------------------------------------- for who runs it round by round; poll thread

    /** When the next commit or the next waiting record is due, milliseconds since the epoch; in a round before that nothing may happen. */
    public long nextMs() {
        return Math.min(Math.min(committer.nextMs(), aftermath.nextMs()), throttle.nextMs(time.milliseconds()));
    }

    /** Whether something came in for the next round. */
    public boolean hasNews() {
        return !commands.isEmpty() || !completions.isEmpty();
    }

    /** To be told of rebalances by Kafka's consumer. */
    public ConsumerRebalanceListener rebalances() {
        return rebalances;
    }

    /** What is assigned now. */
    public Collection<AssignedPartition> assigned() {
        return assignment.all();
    }

    /** Records that wait for a time, the next one first. */
    public List<ParkedRecord> parkedRecords() {
        return aftermath.parkedRecords();
    }

    // ---------------------------------------------------------------- the end

    private void shutDown() {
        try {
            rebalances.onPartitionsRevoked(assignment.all().stream().map(AssignedPartition::topicPartition).toList());
        } catch (RuntimeException e) {
            fail(e);
        } finally {
            rebalances.forget(List.copyOf(consumer.assignment()));
            closeConsumer();
        }
    }

    private void closeConsumer() {
        try {
            consumer.close();
        } catch (RuntimeException e) {
            LOG.error("Kafka's consumer could not be closed", e);
        }
    }
}
