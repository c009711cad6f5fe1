package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.broker.BrokersFactory;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.consume.ConsumeMeasurement;
import dev.millrace.perf.consume.ConsumePhase;
import dev.millrace.perf.consume.Consumption;
import dev.millrace.perf.consume.TopicFill;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ConsumeReport;
import dev.millrace.perf.report.Environment;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.report.HistogramFile;
import dev.millrace.perf.spec.ConsumeSpec;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** One run of {@code consume} from the first broker to the last line. For one thread and one use. */
final class ConsumeSession {
    private static final HistogramFile.Kind TIMES = new HistogramFile.Kind("consume", "handler", "none");
    /** An address to find out by what is wrong with the rest. */
    private static final String SOMEWHERE = "127.0.0.1:9092";

    private final ConsumeSpec spec;
    private final StopSignal stop;
    private final Interruption interruption;
    private final RunConsole console;

    ConsumeSession(ConsumeSpec spec, StopSignal stop, Interruption interruption, RunConsole console) {
        this.spec = spec;
        this.stop = stop;
        this.interruption = interruption;
        this.console = console;
    }

    /**
     * @param output gets the result
     * @return the exit code
     */
    int run(Consumer<ConsumeReport> output) {
        console.warnOfUnknown("consumer", spec.settings().unknownKeys(spec.client()));
        // What can be wrong is found before a broker is started for it.
        spec.check(spec.where().bootstrapServers().orElse(SOMEWHERE));
        if (!spec.client().reads()) {
            Optional<ConsumeMeasurement> measured = interruptible(() -> measure(Consumption.ofPool(spec, stop, console.tick())));
            return report(measured, "no broker", Optional.empty(), Optional.empty(), SOMEWHERE, output);
        }
        console.sayBrokers(spec.where());
        try (Brokers brokers = BrokersFactory.open(spec.where());
                TopicLog log = new TopicLog(brokers.bootstrapServers(), spec.settings().forAdmin(brokers.bootstrapServers()))) {
            Topic topic = log.prepare(spec.where(), brokers.count());
            RunGroup group = RunGroup.of(spec.settings());
            try {
                Optional<ConsumeMeasurement> measured = interruptible(() -> measure(brokers, log, topic, group.id()));
                return report(measured, brokers.description(), Optional.of(topic), Optional.of(group.id()), brokers.bootstrapServers(),
                        output);
            } finally {
                if (brokers.count() == 0) {
                    group.cleanUp(log, console);
                    if (topic.madeForRun()) {
                        log.delete(topic);
                    }
                }
            }
        }
    }

    private interface Step {
        Optional<ConsumeMeasurement> run();
    }

    /** So that Ctrl-C ends what is measured, and not the process at once. */
    private Optional<ConsumeMeasurement> interruptible(Step step) {
        interruption.enterRun();
        try {
            return step.run();
        } finally {
            interruption.leaveRun();
        }
    }

    private Optional<ConsumeMeasurement> measure(Brokers brokers, TopicLog log, Topic topic, String group) {
        boolean empty = log.endOffsets(topic).minus(log.beginOffsets(topic)) == 0;
        if (empty) {
            console.say("filling the topic with %,d records", spec.fill().records());
            boolean full = console.show("filled", listener -> new TopicFill(spec.fill(), spec.where(), stop)
                    .run(log, topic, brokers.bootstrapServers(), console.tick(), listener));
            if (!full) {
                console.say("millrace-perf: stopped before the topic was full");
                return Optional.empty();
            }
        } else if (!spec.fill().dense()) {
            console.say("reading what the topic holds");
        }
        return measure(Consumption.ofTopic(spec, log, topic, brokers.bootstrapServers(), group, empty || spec.fill().dense(), stop,
                console.tick()));
    }

    /** @return empty when it was stopped before the measurement */
    private Optional<ConsumeMeasurement> measure(Consumption opened) {
        try (Consumption run = opened) {
            if (run.warmUpRecords() > 0) {
                console.say("warming up with %,d records", run.warmUpRecords());
            }
            if (!console.show("warm-up", run::warmUp)) {
                console.say("millrace-perf: stopped before the measurement began");
                return Optional.empty();
            }
            console.say("handling %,d records", run.measuredRecords());
            ConsumePhase phase = console.showAndWrite("handled", TIMES, run::measure,
                    measured -> new HistogramFile.Whole(measured.times(), measured.times()));
            return Optional.of(run.finish(phase));
        }
    }

    private int report(Optional<ConsumeMeasurement> measured, String brokers, Optional<Topic> topic, Optional<String> group,
            String bootstrapServers, Consumer<ConsumeReport> output) {
        if (measured.isEmpty()) {
            return ExitCode.INTERRUPTED;
        }
        Map<String, Object> config = spec.client().reads() ? spec.settings().effective(spec.client(), bootstrapServers) : Map.of();
        ConsumeReport report = new ConsumeReport(spec, config, brokers, topic, group, measured.get(),
                Environment.ofThisProcess());
        output.accept(report);
        return console.conclude(report);
    }
}
