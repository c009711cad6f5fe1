package dev.millrace.perf.consume;

import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.load.IntervalListener;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.RunFailedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** One measured run over what a topic holds: warm-up, measurement, close, check. For one thread. */
public final class Consumption implements AutoCloseable {
    /** Longer than joining a group takes, or a broker that is gone for a moment. */
    private static final Duration STALL = Duration.ofSeconds(30);

    private final ConsumeSpec spec;
    private final Ledger ledger;
    private final CountedWork work;
    private final MeasuredConsumer consumer;
    private final Commits commits;
    private final ConsumeRun run;
    private final StopSignal stop;
    private boolean started;
    private boolean closed;

    /** What a group has committed, and how far that is behind. */
    private interface Commits {
        EndOffsets read();

        long lag();
    }

    private Consumption(ConsumeSpec spec, Ledger ledger, CountedWork work, MeasuredConsumer consumer, Commits commits,
            StopSignal stop, Duration tick) {
        this.spec = spec;
        this.ledger = ledger;
        this.work = work;
        this.consumer = consumer;
        this.commits = commits;
        this.stop = stop;
        this.run = new ConsumeRun(consumer, work, ledger, stop, tick, STALL.plus(spec.handling().work().multipliedBy(2)));
    }

    /**
     * Of what the topic holds now, as the group's only member. Opens the consumer.
     *
     * @param group has committed nothing of this topic yet
     * @param dense whether the topic has a record at each offset; otherwise its records are read here to know them
     * @throws RunFailedException when the group has committed something, or the topic cannot be read
     */
    public static Consumption ofTopic(ConsumeSpec spec, TopicLog log, Topic topic, String bootstrapServers, String group,
            boolean dense, StopSignal stop, Duration tick) {
        EndOffsets from = log.beginOffsets(topic);
        boolean committed = spec.settings().readsCommitted();
        EndOffsets to = log.readableEnd(topic, committed);
        if (!log.committed(group, topic).byPartition().isEmpty()) {
            throw new RunFailedException("group " + group + " has committed offsets of topic " + topic.name()
                    + " already, and would not get every record; name another group.id, or none");
        }
        Ledger ledger = new Ledger(from, to, dense);
        if (!dense) {
            log.read(topic, from, to, committed, ledger::mark);
        }
        if (ledger.expected() == 0) {
            throw new RunFailedException("topic " + topic.name() + " holds no records");
        }
        CountedWork work = work(spec, ledger);
        MeasuredConsumer consumer = MeasuredConsumers.open(spec.client(), spec.handling(),
                spec.settings().forConsumer(bootstrapServers, group, spec.handling().form()), topic.name(), work, stop);
        return new Consumption(spec, ledger, work, consumer, new Commits() {
            @Override
            public EndOffsets read() {
                return log.committed(group, topic);
            }

            @Override
            public long lag() {
                Map<Integer, Long> offsets = new HashMap<>(from.byPartition());
                offsets.putAll(read().byPartition());
                return to.minus(new EndOffsets(offsets));
            }
        }, stop, tick);
    }

    /** Of as many tasks on a thread pool as records would be handled, without any broker. */
    public static Consumption ofPool(ConsumeSpec spec, StopSignal stop, Duration tick) {
        int partitions = spec.where().partitionsToMake();
        Map<Integer, Long> from = new HashMap<>();
        Map<Integer, Long> to = new HashMap<>();
        for (int i = 0; i < partitions; i++) {
            from.put(i, 0L);
            to.put(i, spec.fill().records() / partitions + (i < spec.fill().records() % partitions ? 1 : 0));
        }
        Ledger ledger = new Ledger(new EndOffsets(from), new EndOffsets(to), true);
        CountedWork work = work(spec, ledger);
        MeasuredConsumer pool = new PooledTasks(work, spec.fill().records(), partitions, spec.handling().concurrency(), stop);
        return new Consumption(spec, ledger, work, pool, null, stop, tick);
    }

    private static CountedWork work(ConsumeSpec spec, Ledger ledger) {
        return new CountedWork(ledger, new SimulatedWork(spec.handling().work(), spec.handling().async()),
                spec.client().reads() && spec.fill().hotKeyShare() > 0);
    }

    /** Records that are handled before the measurement: half of them at most, where the topic holds fewer than was asked. */
    public long warmUpRecords() {
        return Math.min(spec.fill().warmupRecords(), ledger.expected() / 2);
    }

    /** Records that are left for the measurement. */
    public long measuredRecords() {
        return ledger.expected() - warmUpRecords();
    }

    /**
     * Starts the consumer, and waits for the warm-up.
     *
     * @return whether it came to its end; otherwise the run was stopped
     */
    public boolean warmUp(IntervalListener listener) {
        started = true;
        return run.warmUp(warmUpRecords(), listener);
    }

    /** Waits for the rest and measures. */
    public ConsumePhase measure(IntervalListener listener) {
        LongSupplier lag = commits == null ? null : commits::lag;
        return run.measure(lag, listener);
    }

    /** Closes the consumer, and counts what was handled and what is committed. */
    public ConsumeMeasurement finish(ConsumePhase phase) {
        long startNs = System.nanoTime();
        close();
        long closeMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
        List<PartitionResult> partitions = List.of();
        if (!phase.stopped()) {
            partitions = ledger.check(commits == null ? new EndOffsets(Map.of()) : commits.read());
        }
        return new ConsumeMeasurement(spec, phase, partitions, commits != null, measuredRecords(), closeMs);
    }

    /** Closes the consumer, if that was not done. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        work.gate().open();
        try (work) {
            if (started) {
                consumer.close();
            }
        } catch (RunFailedException e) {
            if (!stop.getAsBoolean()) {
                throw e;
            }
        }
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%,d records by %s", ledger.expected(), spec.client());
    }
}
