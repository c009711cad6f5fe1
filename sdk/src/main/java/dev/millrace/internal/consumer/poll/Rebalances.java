package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.RebalanceListener;
import dev.millrace.internal.consumer.commit.Committer;
import dev.millrace.internal.consumer.commit.TopicIds;
import dev.millrace.internal.consumer.work.AssignedPartition;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedMemberEpochException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins partitions where the group left them, and gives them up: what no handler has begun is dropped, the others are waited for up to a
 * deadline, and what is done is committed. Poll thread only: Kafka's consumer calls it back within polls.
 */
final class Rebalances implements ConsumerRebalanceListener {

    private static final Logger LOG = LoggerFactory.getLogger(Rebalances.class);

    private final Consumer<ByteBuffer, ByteBuffer> consumer;
    private final Assignment assignment;
    private final Pauses pauses;
    private final Committer committer;
    private final Aftermath aftermath;
    private final TopicIds topicIds;
    private final RebalanceListener listener;
    private final ToIntFunction<String> levels;
    private final long drainMs;
    private final long retryBackoffMs;
    private final Host host;
    private final Time time;
    /** Kafka's consumer has them, but it is not known where they begin: they are not fetched. */
    private final Set<TopicPartition> late = new LinkedHashSet<>();
    /** When that is asked again. */
    private long lateMs;

    /** What the poll thread does meanwhile. */
    interface Host {

        /** Collects what was completed, and does what others asked for. */
        void takeIn();

        /** Waits until something was completed, for so long at most. */
        void await(long ms);

        /** Has those who watch see what is assigned now. */
        void look();

        /** Stops the consumer with a reason. */
        void fail(RuntimeException reason);

        boolean isClosing();
    }

    Rebalances(Consumer<ByteBuffer, ByteBuffer> consumer, PollLoop.Parts parts, Assignment assignment, Pauses pauses, Committer committer,
               Aftermath aftermath, Host host, Time time) {
        this.consumer = consumer;
        this.assignment = assignment;
        this.pauses = pauses;
        this.committer = committer;
        this.aftermath = aftermath;
        this.topicIds = parts.topicIds();
        this.listener = parts.listener();
        this.levels = parts.levels();
        this.drainMs = parts.settings().drainMs();
        this.retryBackoffMs = parts.settings().retryBackoffMs();
        this.host = host;
        this.time = time;
    }

    // ---------------------------------------------------------------- partitions come

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty()) {
            Map<TopicPartition, OffsetAndMetadata> committed = committed(Set.copyOf(partitions));
            if (committed == null) {
                late.addAll(partitions);
                lateMs = time.milliseconds() + retryBackoffMs;
                consumer.pause(partitions);
                return;
            }
            committer.topicIds(topicIds.of(partitions.stream().map(TopicPartition::topic).distinct().toList()));
            for (TopicPartition topicPartition : partitions)
                begin(topicPartition, committed.get(topicPartition));
            pauses.apply();
        }
        host.look();
        tell("assigned", () -> listener.onPartitionsAssigned(partitions));
    }

    /** Begins those that could not begin when they came, if it is time; every round. */
    void beginLate() {
        if (late.isEmpty() || time.milliseconds() < lateMs)
            return;
        List<TopicPartition> partitions = List.copyOf(late);
        late.clear();
        onPartitionsAssigned(partitions);
    }

    /**
     * Null when the group says that this is none of its members: it will say next that the partitions are lost, or that it is one again. Also
     * when there is no answer and the consumer closes.
     */
    private Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
        while (true) {
            try {
                return consumer.committed(partitions);
            } catch (WakeupException e) {
                // Meant for a poll that had ended by then.
            } catch (TimeoutException e) {
                if (host.isClosing())
                    return null;
                LOG.warn("The committed offsets of {} could not be read and are asked for again: {}", partitions, e.toString());
            } catch (UnknownMemberIdException | StaleMemberEpochException | FencedMemberEpochException e) {
                // KIP-848 only. It would not pass here: what the group says next comes with the next poll.
                LOG.warn("{} can't begin yet, for the group does not say where: {}", partitions, e.toString());
                return null;
            } catch (RuntimeException e) {
                // Kafka's consumer would go on, with partitions of which nobody knows here where they begin.
                host.fail(e);
                throw e;
            }
        }
    }

    private AssignedPartition begin(TopicPartition topicPartition, OffsetAndMetadata committed) {
        AssignedPartition partition = new AssignedPartition(topicPartition, levels.applyAsInt(topicPartition.topic()));
        committer.begin(partition, committed);
        assignment.add(partition);
        return partition;
    }

    /** Has a partition begin anew, wherever it is said to: what runs of it is of an assignment that is over. */
    AssignedPartition restart(AssignedPartition before) {
        drop(List.of(before));
        committer.end(before);
        return begin(before.topicPartition(), null);
    }

    // ---------------------------------------------------------------- partitions go

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        late.removeAll(partitions);
        List<AssignedPartition> revoked = assignment.of(partitions);
        // Kafka's consumer tells of them again when it is closed, after all was given up here.
        if (revoked.isEmpty())
            return;
        drain(revoked, time.milliseconds() + drainMs);
        tell("revoked", () -> listener.onPartitionsRevoked(partitions));
        committer.commitSync(revoked, drainMs);
        forget(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        late.removeAll(partitions);
        List<AssignedPartition> lost = assignment.of(partitions);
        if (lost.isEmpty())
            return;
        drop(lost);
        forget(partitions);
        tell("lost", () -> listener.onPartitionsLost(partitions));
    }

    /** Whatever was not committed of them is the next owner's. */
    void forget(Collection<TopicPartition> partitions) {
        assignment.remove(partitions).forEach(committer::end);
        host.look();
    }

    /** Drops what no handler has begun. */
    private void drop(Collection<AssignedPartition> partitions) {
        partitions.forEach(AssignedPartition::revoke);
        // Before the parked ones are given up, or a worker takes what waited behind them for its turn.
        Assignment.dropQueued(partitions);
        partitions.forEach(aftermath::forget);
    }

    /** Drops what no handler has begun, and waits for the others. */
    private void drain(Collection<AssignedPartition> partitions, long untilMs) {
        drop(partitions);
        while (true) {
            host.takeIn();
            if (!Assignment.dropQueued(partitions))
                return;
            long leftMs = untilMs - time.milliseconds();
            if (leftMs <= 0) {
                LOG.warn("Handlers of {} were still running when the time to finish them was over; their records will be handled again",
                        partitions);
                return;
            }
            host.await(leftMs);
        }
    }

    private static void tell(String what, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("The rebalance listener threw when partitions were {}", what, e);
        }
    }
}
