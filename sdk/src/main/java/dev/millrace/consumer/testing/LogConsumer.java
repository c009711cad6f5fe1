package dev.millrace.consumer.testing;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;

/**
 * Kafka's {@link MockConsumer}, which knows subscriptions, positions, pauses and resets, made to read from logs that stay: its own records
 * are gone once they were polled, or when there is a rebalance. Where a real consumer does something in {@code poll}, so does this one:
 * answers to asynchronous commits come there, and errors. The test's thread only, but for {@link #wakeup}.
 */
final class LogConsumer extends MockConsumer<ByteBuffer, ByteBuffer> implements ConsumerRebalanceListener {

    private static final int MAX_METADATA = 4096;
    private static final String BY_DURATION = "by_duration:";
    private static final Comparator<TopicPartition> BY_NAME =
            Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);

    private final Cluster cluster;
    private final ManualClock clock;
    private final String reset;
    private final int maxPollRecords;
    private final Consumer<Map<TopicPartition, OffsetAndMetadata>> onCommit;
    private final Queue<KafkaException> pollFailures = new ArrayDeque<>();
    private final Queue<KafkaException> commitFailures = new ArrayDeque<>();
    private final Queue<Runnable> commitAnswers = new ArrayDeque<>();
    /** The consumer's; set once, before anything is assigned. */
    private ConsumerRebalanceListener listener;
    /** Whether what is taken away now is lost. */
    private boolean losing;
    /** Whether the next poll may bring something, after what the last one did. */
    private boolean busy;

    /**
     * @param config of Kafka's consumer
     * @param onCommit told of every commit that is stored
     */
    LogConsumer(Cluster cluster, ManualClock clock, ConsumerConfig config, Consumer<Map<TopicPartition, OffsetAndMetadata>> onCommit) {
        super(config.getString(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG));
        this.cluster = cluster;
        this.clock = clock;
        this.reset = config.getString(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG).toLowerCase(Locale.ROOT);
        this.maxPollRecords = config.getInt(ConsumerConfig.MAX_POLL_RECORDS_CONFIG);
        this.onCommit = onCommit;
    }

    /** After the subscription, which has {@link MockConsumer} forget what was committed. */
    void begin(ConsumerRebalanceListener told) {
        listener = told;
        super.commitAsync(cluster.committed(), null);
    }

    // ---------------------------------------------------------------- rebalances

    @Override
    public synchronized void rebalance(Collection<TopicPartition> assigned) {
        Set<TopicPartition> gone = new HashSet<>(assignment());
        gone.removeAll(assigned);
        // MockConsumer would say that they are paused when they come back.
        resume(gone);
        assigned.forEach(this::describe);
        super.rebalance(assigned);
        // Now, so that what is fed next is behind where "latest" begins. Without a reset the next poll is to fail.
        if (!"none".equals(reset))
            assigned.forEach(this::position);
    }

    void lose(Collection<TopicPartition> left) {
        losing = true;
        try {
            rebalance(left);
        } finally {
            losing = false;
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        listener.onPartitionsAssigned(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        if (losing)
            listener.onPartitionsLost(partitions);
        else
            listener.onPartitionsRevoked(partitions);
    }

    /** Tells {@link MockConsumer} where the log is now. */
    private void describe(TopicPartition partition) {
        PartitionLog log = cluster.log(partition);
        updateBeginningOffsets(Map.of(partition, 0L));
        updateEndOffsets(Map.of(partition, log.end()));
        if (reset.startsWith(BY_DURATION))
            updateDurationOffsets(Map.of(partition,
                    log.firstSince(clock.milliseconds() - Duration.parse(reset.substring(BY_DURATION.length())).toMillis())));
    }

    // ---------------------------------------------------------------- polling

    boolean wasBusy() {
        return busy || !commitAnswers.isEmpty();
    }

    void failPoll(KafkaException failure) {
        pollFailures.add(failure);
    }

    @Override
    public synchronized ConsumerRecords<ByteBuffer, ByteBuffer> poll(Duration timeout) {
        if (closed())
            throw new IllegalStateException("This consumer has already been closed.");
        busy = !commitAnswers.isEmpty();
        for (int answers = commitAnswers.size(); answers > 0; answers--)
            commitAnswers.poll().run();
        if (!pollFailures.isEmpty()) {
            busy = true;
            throw pollFailures.poll();
        }
        Map<TopicPartition, List<ConsumerRecord<ByteBuffer, ByteBuffer>>> records = new LinkedHashMap<>();
        Map<TopicPartition, OffsetAndMetadata> next = new LinkedHashMap<>();
        int left = maxPollRecords;
        List<TopicPartition> partitions = new ArrayList<>(assignment());
        partitions.sort(BY_NAME);
        for (TopicPartition partition : partitions)
            if (left > 0 && !paused().contains(partition))
                left -= fetch(partition, left, records, next);
        busy |= !next.isEmpty();
        return new ConsumerRecords<>(records, next);
    }

    private int fetch(TopicPartition partition, int most, Map<TopicPartition, List<ConsumerRecord<ByteBuffer, ByteBuffer>>> records,
                      Map<TopicPartition, OffsetAndMetadata> next) {
        describe(partition);
        PartitionLog log = cluster.log(partition);
        long position = position(partition);
        if (position > log.end())
            position = reset(partition, position);
        List<ConsumerRecord<ByteBuffer, ByteBuffer>> read = log.read(position, most);
        // Behind the last record may be offsets that no record has; a consumer passes over them.
        long behind = read.size() == most ? read.get(most - 1).offset() + 1 : log.end();
        if (behind == position)
            return 0;
        seek(partition, behind);
        next.put(partition, new OffsetAndMetadata(behind, PartitionLog.LEADER_EPOCH, ""));
        if (!read.isEmpty())
            records.put(partition, read);
        return read.size();
    }

    private long reset(TopicPartition partition, long position) {
        if ("none".equals(reset))
            throw new OffsetOutOfRangeException(Map.of(partition, position));
        if ("latest".equals(reset))
            seekToEnd(List.of(partition));
        else
            seekToBeginning(List.of(partition));
        return position(partition);
    }

    /** Nobody waits in {@link #poll}. */
    @Override
    public void wakeup() {
    }

    // ---------------------------------------------------------------- commits

    void failCommit(KafkaException failure) {
        commitFailures.add(failure);
    }

    /** As if another member of the group had committed. */
    void commitOfOther(TopicPartition partition, OffsetAndMetadata offset) {
        store(Map.of(partition, offset));
    }

    @Override
    public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
        KafkaException failure = refusal(offsets);
        if (failure == null)
            stored(offsets);
        if (callback != null)
            commitAnswers.add(() -> callback.onComplete(offsets, failure));
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
        KafkaException failure = refusal(offsets);
        if (failure != null)
            throw failure;
        stored(offsets);
    }

    private KafkaException refusal(Map<TopicPartition, OffsetAndMetadata> offsets) {
        boolean tooLarge = offsets.values().stream().anyMatch(offset -> offset.metadata().length() > MAX_METADATA);
        return tooLarge ? new OffsetMetadataTooLarge("The metadata field of the offset request was too large.") : commitFailures.poll();
    }

    /** Takes these offsets as committed. */
    void stored(Map<TopicPartition, OffsetAndMetadata> offsets) {
        store(offsets);
        onCommit.accept(offsets);
    }

    private void store(Map<TopicPartition, OffsetAndMetadata> offsets) {
        cluster.committed().putAll(offsets);
        super.commitAsync(offsets, null);
    }

    // ---------------------------------------------------------------- the end

    /** As Kafka's consumer does, gives up what it has. */
    @Override
    public void close(CloseOptions options) {
        if (closed())
            return;
        if (!assignment().isEmpty())
            listener.onPartitionsRevoked(assignment());
        super.close(options);
    }
}
