package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.consume.TopicFill;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.Fill;
import dev.millrace.perf.spec.Where;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The topics that all runs of a comparison of {@code consume} read: one, unless the sides want other records. For one thread. */
final class FilledTopics implements ComparedKind.SharedTopics {
    /** What a topic that both sides can use is the same in. */
    private record Shape(int partitions, int recordSize, int keyCardinality, double hotKeyShare, long records) {
        static Shape of(ConsumeSpec spec) {
            Fill fill = spec.fill();
            return new Shape(spec.where().partitionsToMake(), fill.recordSize(), fill.keyCardinality(), fill.hotKeyShare(),
                    fill.records());
        }
    }

    private final Brokers brokers;
    private final Where where;
    private final RunConsole console;
    private final StopSignal stop;
    private final Map<Shape, Topic> topics = new HashMap<>();
    private final Map<Boolean, List<String>> arguments = new HashMap<>();
    /** Null as long as no side reads a topic. */
    private TopicLog log;

    FilledTopics(Brokers brokers, Where where, RunConsole console, StopSignal stop) {
        this.brokers = brokers;
        this.where = where;
        this.console = console;
        this.stop = stop;
    }

    /**
     * Makes and fills a topic for a side, unless there is one that does. Blocks.
     *
     * @return whether that was done; otherwise the comparison was stopped
     */
    boolean fillFor(ConsumeSpec spec, boolean ofA) {
        if (!spec.client().reads()) {
            arguments.put(ofA, List.of());
            return true;
        }
        if (log == null) {
            log = new TopicLog(brokers.bootstrapServers(), spec.settings().forAdmin(brokers.bootstrapServers()));
        }
        Topic topic = topics.get(Shape.of(spec));
        boolean filled = topic != null || where.topic().isEmpty();
        if (topic == null) {
            Where shaped = new Where(where.bootstrapServers(), where.sinkDelay(), where.embeddedBrokers(), where.topic(),
                    spec.where().partitions(), where.replicationFactor());
            topic = log.prepare(shaped, brokers.count());
            topics.put(Shape.of(spec), topic);
            if (log.endOffsets(topic).minus(log.beginOffsets(topic)) == 0) {
                filled = true;
                if (!fill(spec, topic)) {
                    return false;
                }
            }
        }
        arguments.put(ofA, filled ? List.of("--topic=" + topic.name(), "--topic-is-filled") : List.of("--topic=" + topic.name()));
        return true;
    }

    private boolean fill(ConsumeSpec spec, Topic topic) {
        console.say("filling a topic with %,d records", spec.fill().records());
        return console.show("filled", listener -> new TopicFill(spec.fill(), where, stop)
                .run(log, topic, brokers.bootstrapServers(), console.tick(), listener));
    }

    @Override
    public List<String> arguments(boolean ofA) {
        return arguments.get(ofA);
    }

    @Override
    public void close() {
        if (log == null) {
            return;
        }
        try (TopicLog opened = log) {
            if (brokers.count() == 0) {
                topics.values().stream().filter(Topic::madeForRun).forEach(opened::delete);
            }
        }
    }
}
