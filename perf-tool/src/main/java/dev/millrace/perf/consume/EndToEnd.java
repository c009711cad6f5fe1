package dev.millrace.perf.consume;

import dev.millrace.perf.broker.Confirmation;
import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.load.Interval;
import dev.millrace.perf.load.IntervalHistogram;
import dev.millrace.perf.load.IntervalListener;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.ProcessMeter;
import dev.millrace.perf.load.ProduceRun;
import dev.millrace.perf.load.RecordData;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.EndToEndSpec;
import dev.millrace.perf.spec.RunFailedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/** One measured end-to-end run: a producer and a consumer in this process, on one topic. For one thread. */
public final class EndToEnd implements AutoCloseable {
    private static final long STALL_NS = TimeUnit.SECONDS.toNanos(30);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final EndToEndSpec spec;
    private final TopicLog log;
    private final Topic topic;
    private final String group;
    private final StopSignal stop;
    private final EndOffsets from;
    private final Ledger ledger;
    private final StampedWork work;
    private final MeasuredConsumer consumer;
    private final ProduceRun producer;
    private final Histogram untilHandled = IntervalHistogram.empty();
    private final Histogram untilHandler = IntervalHistogram.empty();
    private long warmedUp;
    private boolean started;
    private boolean closed;

    /**
     * Opens both clients. The group begins where the topic ends now.
     *
     * @param group has committed nothing of this topic yet
     */
    public EndToEnd(EndToEndSpec spec, TopicLog log, Topic topic, String bootstrapServers, String group, StopSignal stop) {
        this.spec = spec;
        this.log = log;
        this.topic = topic;
        this.group = group;
        this.stop = stop;
        this.from = log.endOffsets(topic);
        if (!log.committed(group, topic).byPartition().isEmpty()) {
            throw new RunFailedException("group " + group + " has committed offsets of topic " + topic.name()
                    + " already, which this run would change; name another group.id, or none");
        }
        log.begin(group, topic, from);
        // All of them may be in one partition.
        long most = spec.load().warmupRecords() + spec.load().numRecords();
        Map<Integer, Long> bounds = new HashMap<>();
        from.byPartition().forEach((partition, offset) -> bounds.put(partition, offset + most));
        this.ledger = new Ledger(from, new EndOffsets(bounds), true);
        this.work = new StampedWork(ledger, new SimulatedWork(spec.handling().work(), spec.handling().async()));
        this.consumer = MeasuredConsumers.open(spec.client(), spec.handling(),
                spec.settings().forConsumer(bootstrapServers, group, spec.handling().form()), topic.name(), work, stop);
        this.producer = ProduceRun.stamped(spec.sending(), RecordData.of(spec.load()), bootstrapServers, topic.name(), stop);
    }

    /**
     * Starts the consumer, sends the warm-up, and waits until it is handled.
     *
     * @return whether it was; otherwise the run was stopped
     * @throws RunFailedException when the consumer fails, or nothing is handled any more
     */
    public boolean warmUp(Duration tick, IntervalListener listener) {
        started = true;
        consumer.start();
        warmedUp = producer.warmUp(tick, listener).acked();
        Optional<String> stalled = await(warmedUp);
        if (stalled.isPresent()) {
            throw new RunFailedException("of the warm-up " + stalled.get());
        }
        return !stop.getAsBoolean();
    }

    /** Sends by the schedule, waits until all is handled, closes both clients, and counts. */
    public EndToEndMeasurement measure(Duration tick, IntervalListener listener) {
        EndOffsets before = log.endOffsets(topic);
        long handledBefore = ledger.handledCount();
        long startNs = System.nanoTime();
        work.measureFrom(startNs);
        ProcessMeter meter = ProcessMeter.read();
        Measurement sent = producer.measure(tick, interval -> listener.interval(handled(interval, handledBefore)));
        throwFailure();
        EndOffsets ends = log.endOffsets(topic);
        Optional<String> stalled = await(ends.minus(from));
        long elapsedNs = System.nanoTime() - startNs;
        ProcessMeter cost = ProcessMeter.read().minus(meter);
        boolean stopped = stop.getAsBoolean();
        close();
        work.takeTimes(untilHandled, untilHandler);
        List<PartitionResult> partitions = List.of();
        Confirmation stored = Confirmation.none(sent.phase().acked(), "the run was stopped");
        if (!stopped) {
            stored = Confirmation.counted(log.awaitGrowth(topic, before, sent.phase().acked()), sent.phase().acked());
            partitions = ledger.check(log.endOffsets(topic), log.committed(group, topic));
        }
        return new EndToEndMeasurement(spec, sent, elapsedNs, ledger.handledCount() - handledBefore, untilHandled, untilHandler,
                stored, partitions, stopped, stalled, cost.cost());
    }

    /** What the producer tells of an interval, with what was handled in it instead of what was acknowledged. */
    private Interval handled(Interval sent, long handledBefore) {
        if (consumer.failure().isPresent()) {
            stop.request();
        }
        Histogram handled = IntervalHistogram.empty();
        Histogram called = IntervalHistogram.empty();
        work.takeTimes(handled, called);
        untilHandled.add(handled);
        untilHandler.add(called);
        return new Interval(sent.startMs(), sent.endMs(), sent.elapsedNs(), ledger.handledCount() - handledBefore, sent.failed(),
                sent.total(), handled, called);
    }

    private void throwFailure() {
        consumer.failure().ifPresent(failure -> {
            throw new RunFailedException("the consumer ended: " + failure, failure);
        });
    }

    /** @return why it gave up waiting until so many records are handled, when it did; it also ends when the run is stopped */
    private Optional<String> await(long count) {
        long last = -1;
        long lastMoveNs = System.nanoTime();
        while (ledger.handledCount() < count && !stop.getAsBoolean()) {
            throwFailure();
            long nowNs = System.nanoTime();
            if (ledger.handledCount() != last) {
                last = ledger.handledCount();
                lastMoveNs = nowNs;
            } else if (nowNs - lastMoveNs > STALL_NS + 2 * spec.handling().work().toNanos()) {
                return Optional.of(String.format(Locale.ROOT, "nothing was handled for %d s, with %,d of %,d records handled",
                        TimeUnit.NANOSECONDS.toSeconds(STALL_NS), last, count));
            }
            LockSupport.parkNanos(LOOK_NS);
        }
        return Optional.empty();
    }

    /** Closes both clients, if that was not done. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (work; producer) {
            if (started) {
                consumer.close();
            }
        } catch (RunFailedException e) {
            if (!stop.getAsBoolean()) {
                throw e;
            }
        }
    }
}
