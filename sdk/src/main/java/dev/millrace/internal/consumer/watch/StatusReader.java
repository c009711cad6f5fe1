package dev.millrace.internal.consumer.watch;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.PartitionStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Time;

/** What users are told of what the {@link Watch} saw; any thread, and waits for none. */
public final class StatusReader {

    private final Watch watch;
    private final long maxPollIntervalMs;
    private final long handlerTimeoutMs;
    private final Time time;

    /**
     * @param maxPollIntervalMs how long one round of the poll thread may take
     * @param handlerTimeoutMs as of the watch
     */
    public StatusReader(Watch watch, long maxPollIntervalMs, long handlerTimeoutMs, Time time) {
        this.watch = watch;
        this.maxPollIntervalMs = maxPollIntervalMs;
        this.handlerTimeoutMs = handlerTimeoutMs;
        this.time = time;
    }

    /** @param failure null while there is none */
    public ConsumerStatus read(ConsumerStatus.State state, KafkaException failure, int concurrency) {
        // The round before the time: it may be a new one already, but never one of the future.
        long roundMs = watch.roundMs();
        long nowMs = time.milliseconds();
        Map<TopicPartition, PartitionStatus> partitions = new TreeMap<>(ConsumerStatus.BY_TOPIC_AND_NUMBER);
        watch.snapshot().partitions().forEach((partition, view) -> partitions.put(partition, status(view, nowMs)));
        return new ConsumerStatus(state, Optional.ofNullable(failure), concurrency, partitions,
                problems(state, failure, partitions, nowMs - roundMs));
    }

    private static PartitionStatus status(PartitionView view, long nowMs) {
        return new PartitionStatus(known(view.committed()), known(view.committedLag()), known(view.doneLag()), view.inFlight(),
                view.running(), view.queued(), view.parked(), known(view.oldest()), Duration.ofMillis(view.oldestAgeMs(nowMs)),
                view.stuck(), view.pausedByUser(), view.full());
    }

    private static OptionalLong known(long value) {
        return value == PartitionView.NONE ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private List<String> problems(ConsumerStatus.State state, KafkaException failure, Map<TopicPartition, PartitionStatus> partitions,
                                  long sinceRoundMs) {
        List<String> problems = new ArrayList<>();
        switch (state) {
            case NEW -> { }
            case FAILED -> problems.add("the consumer ended by itself: " + failure.getMessage()
                    + (failure.getCause() == null ? "" : " (" + failure.getCause() + ")"));
            case CLOSED -> problems.add("the consumer is closed");
            case RUNNING, CLOSING -> {
                if (sinceRoundMs > maxPollIntervalMs)
                    problems.add("the poll thread did not come round for " + sinceRoundMs + " ms, longer than max.poll.interval.ms ("
                            + maxPollIntervalMs + "): it waits for a broker, or for a rebalance listener");
                partitions.forEach((partition, status) -> {
                    if (status.stuck())
                        problems.add(partition + " stands still at offset " + status.oldestOffset().orElseThrow() + ", admitted "
                                + status.oldestAge().toMillis() + " ms ago: for longer than millrace.consumer.handler.timeout.ms ("
                                + handlerTimeoutMs + ") it has neither finished nor begun an attempt");
                });
            }
        }
        return problems;
    }
}
