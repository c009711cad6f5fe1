package dev.millrace.perf.consume;

import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.load.IntervalListener;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.ProduceRun;
import dev.millrace.perf.load.RecordData;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.Fill;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Fills an empty topic, as fast as Millrace's producer can. */
public final class TopicFill {
    private final Fill fill;
    private final Where where;
    private final StopSignal stop;

    public TopicFill(Fill fill, Where where, StopSignal stop) {
        this.fill = fill;
        this.where = where;
        this.stop = stop;
    }

    /**
     * Sends everything and waits for it. Blocks.
     *
     * @return whether the topic is full; otherwise the run was stopped
     * @throws RunFailedException when a record cannot be stored
     */
    public boolean run(TopicLog log, Topic topic, String bootstrapServers, Duration tick, IntervalListener listener) {
        ProduceSpec spec = new ProduceSpec(Client.MILLRACE, fill.producer(), fill.load(), Optional.empty(), where,
                Targets.parse(List.of()));
        EndOffsets before = log.endOffsets(topic);
        RecordData data = RecordData.of(fill.load()).withHotKey(fill.hotKeyShare());
        Measurement sent;
        try (ProduceRun run = new ProduceRun(spec, data, bootstrapServers, topic.name(), stop)) {
            sent = run.measure(tick, listener);
        }
        if (sent.phase().stopped()) {
            return false;
        }
        long stored = log.awaitGrowth(topic, before, fill.records());
        if (sent.errors() > 0 || stored != fill.records()) {
            throw new RunFailedException(String.format(Locale.ROOT, "cannot fill topic %s: of %,d records %,d failed %s, and %,d "
                    + "are in the log", topic.name(), fill.records(), sent.errors(), sent.phase().errors(), stored));
        }
        return true;
    }
}
