package dev.millrace.internal.producer.accumulate;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.partitioner.PartitionLoad;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.LinkedHashSet;
import org.apache.kafka.common.TopicPartition;

/**
 * Which partitions can be sent to which broker, driven by events: a partition is looked at when a batch was opened or
 * sealed, when its time has come, when a batch of it ended, and when the cluster changed; never in a loop over all.
 *
 * <p>A partition waits for a timer, in the queue of its leader, among the leaderless, or nowhere, while it has nothing to send
 * or {@link SendGate} holds it until something ends.
 *
 * <p>Threads: the sender thread only, but for {@link PartitionLoad}'s two methods.
 */
public final class ReadyPartitions implements PartitionLoad {

    /** Who leads a partition. */
    public interface Leaders {
        /** The leader's id, -1 when there is none. */
        int leaderId(TopicPartition partition);

        /** The leader's epoch, -1 when it is not known. */
        int leaderEpoch(TopicPartition partition);
    }

    /** What may hold a batch back whose time has come. */
    public interface SendGate {
        /** False while the partition must wait for a batch of it to end. */
        boolean maySend(ProducerBatch head);

        /** The batch leaves its queue now: the last moment for its sequence. */
        void leaving(ProducerBatch batch);
    }

    private final RecordAccumulator accumulator;
    private final SendGate gate;
    private final long availabilityTimeoutMs;
    private final boolean adaptive;

    private final TreeSet<PartitionQueue> timers = new TreeSet<>(
            Comparator.<PartitionQueue>comparingLong(queue -> queue.timerMs)
                    .thenComparing(queue -> queue.topicPartition().topic())
                    .thenComparingInt(queue -> queue.topicPartition().partition()));
    private final Map<Integer, NodeQueue> nodes = new ConcurrentHashMap<>();
    private final Set<PartitionQueue> leaderless = new LinkedHashSet<>();
    private Leaders leaders;

    /**
     * @param availabilityTimeoutMs {@code partitioner.availability.timeout.ms}, 0 for none
     */
    public ReadyPartitions(RecordAccumulator accumulator, SendGate gate, long availabilityTimeoutMs) {
        this.accumulator = accumulator;
        this.gate = gate;
        this.availabilityTimeoutMs = availabilityTimeoutMs;
        this.adaptive = accumulator.adaptiveLinger();
    }

    /**
     * Takes in what has happened since the last call: changed partitions, timers that ran out, a new cluster.
     *
     * @param all look at every partition: what held many back is gone
     */
    public void update(Leaders current, long nowMs, boolean all) {
        if (all || current != leaders) {
            leaders = current;
            lookAtAll(nowMs);
        } else if (accumulator.takeHurried()) {
            new ArrayList<>(timers).forEach(queue -> look(queue, nowMs));
        }
        for (PartitionQueue queue; (queue = accumulator.pollChanged()) != null; )
            look(queue, nowMs);
        while (!timers.isEmpty() && timers.first().timerMs <= nowMs)
            look(timers.first(), nowMs);
    }

    private void lookAtAll(long nowMs) {
        accumulator.takeHurried();
        leaderless.clear();
        for (NodeQueue node : nodes.values()) {
            node.partitions.forEach(queue -> queue.waitsAt = null);
            node.partitions.clear();
        }
        accumulator.allQueues().forEach(queue -> look(queue, nowMs));
    }

    /** A batch of a partition ended or came back: perhaps the next may go. */
    public void look(ProducerBatch batch, long nowMs) {
        look(accumulator.queueOf(batch), nowMs);
    }

    private void look(PartitionQueue queue, long nowMs) {
        if (queue.waitsAt != null)
            return;
        NodeQueue idle = adaptive ? node(leaders.leaderId(queue.topicPartition())) : null;
        long at = queue.readyAtMs(timing(idle), leaders.leaderEpoch(queue.topicPartition()), nowMs);
        setTimer(queue, at > nowMs ? at : PartitionQueue.NEVER);
        if (at > nowMs && idle != null)
            idle.lingering.add(queue);
        if (at > nowMs || !gate.maySend(queue.head()))
            return;
        int leader = leaders.leaderId(queue.topicPartition());
        queue.leaderId = leader;
        if (leader < 0) {
            leaderless.add(queue);
        } else {
            NodeQueue node = node(leader);
            node.partitions.addLast(queue);
            queue.waitsAt = node;
        }
    }

    /** Null for no leader. */
    private NodeQueue node(int leader) {
        return leader < 0 ? null : nodes.computeIfAbsent(leader, NodeQueue::new);
    }

    /** While only few requests are on their way to a broker, open batches for it need not wait, if linger is adaptive. */
    private SendTiming timing(NodeQueue node) {
        return adaptive && node != null && node.isIdle() ? SendTiming.AT_ONCE : accumulator;
    }

    /** A produce request to a broker was answered, or will not be. */
    public void requestDone(int nodeId, long nowMs) {
        NodeQueue node = nodes.get(nodeId);
        node.requestDone();
        if (node.lingering.isEmpty() || !node.isIdle())
            return;
        List<PartitionQueue> waited = new ArrayList<>(node.lingering);
        node.lingering.clear();
        waited.forEach(queue -> look(queue, nowMs));
    }

    private void setTimer(PartitionQueue queue, long atMs) {
        if (queue.timerMs == atMs)
            return;
        if (queue.timerMs != PartitionQueue.NEVER)
            timers.remove(queue);
        queue.timerMs = atMs;
        if (atMs != PartitionQueue.NEVER)
            timers.add(queue);
    }

    /** When the next timer runs out, ms; {@code Long.MAX_VALUE} for none. */
    public long nextTimerMs() {
        return timers.isEmpty() ? PartitionQueue.NEVER : timers.first().timerMs;
    }

    /** The topics of partitions that could be sent if they had a leader. */
    public Collection<String> leaderlessTopics() {
        Set<String> topics = new LinkedHashSet<>();
        leaderless.forEach(queue -> topics.add(queue.topicPartition().topic()));
        return topics;
    }

    /** Brokers that data are ready for; not to be kept. */
    public Iterable<NodeQueue> nodes() {
        return nodes.values();
    }

    /**
     * Takes a batch each from the partitions that are ready for a broker, in turn, finished and with their headers written.
     *
     * @param maxSize bytes in all, unless the first batch alone is larger
     */
    public List<ProducerBatch> drain(NodeQueue node, int maxSize, long nowMs) {
        List<ProducerBatch> drained = new ArrayList<>();
        int size = 0;
        for (int candidates = node.partitions.size(); candidates > 0; candidates--) {
            PartitionQueue queue = node.partitions.pollFirst();
            queue.waitsAt = null;
            // Asked once more: a batch that came back may stand at its head now, or none any more.
            ProducerBatch head = queue.head();
            if (head != null && !drained.isEmpty() && size + head.estimatedSize() > maxSize) {
                node.partitions.addFirst(queue);
                queue.waitsAt = node;
                break;
            }
            ProducerBatch batch = head == null || !gate.maySend(head) ? null : take(queue, head, timing(node), nowMs);
            if (batch != null) {
                size += batch.size();
                drained.add(batch);
            }
            look(queue, nowMs);
        }
        return drained;
    }

    private ProducerBatch take(PartitionQueue queue, ProducerBatch head, SendTiming timing, long nowMs) {
        ProducerBatch batch = queue.takeReady(head, timing, nowMs);
        if (batch == null)
            return null;
        try {
            // Open until now, so sealed by this thread.
            if (!batch.isFinished())
                accumulator.finish(queue, batch);
        } catch (Throwable t) {
            queue.putBack(batch);
            throw t;
        }
        gate.leaving(batch);
        batch.writeHeader();
        batch.drained(nowMs);
        return batch;
    }

    // ---------------------------------------------------------------- partitioners, any thread

    @Override
    public int queuedBatches(String topic, int partition) {
        return accumulator.queuedBatches(topic, partition);
    }

    @Override
    public boolean available(String topic, int partition) {
        if (availabilityTimeoutMs <= 0)
            return true;
        NodeQueue node = nodes.get(accumulator.leaderId(topic, partition));
        return node == null || node.stalledMs() <= availabilityTimeoutMs;
    }
}
