package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.broker.BrokersFactory;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.consume.EndToEnd;
import dev.millrace.perf.consume.EndToEndMeasurement;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.EndToEndReport;
import dev.millrace.perf.report.Environment;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.report.HistogramFile;
import dev.millrace.perf.spec.EndToEndSpec;
import java.util.Optional;
import java.util.function.Consumer;

/** One run of {@code e2e} from the first broker to the last line. For one thread and one use. */
final class EndToEndSession {
    private static final HistogramFile.Kind TIMES = new HistogramFile.Kind("e2e", "latency", "until_handler");

    private final EndToEndSpec spec;
    private final StopSignal stop;
    private final Interruption interruption;
    private final RunConsole console;

    EndToEndSession(EndToEndSpec spec, StopSignal stop, Interruption interruption, RunConsole console) {
        this.spec = spec;
        this.stop = stop;
        this.interruption = interruption;
        this.console = console;
    }

    /**
     * @param output gets the result
     * @return the exit code
     */
    int run(Consumer<EndToEndReport> output) {
        console.warnOfUnknown("consumer", spec.settings().unknownKeys(spec.client()));
        console.warnOfUnknown("producer", spec.producerSettings().unknownKeys(spec.producer()));
        // What can be wrong is found before a broker is started for it.
        spec.check(spec.where().bootstrapServers().orElse("127.0.0.1:9092"));
        console.sayBrokers(spec.where());
        try (Brokers brokers = BrokersFactory.open(spec.where());
                TopicLog log = new TopicLog(brokers.bootstrapServers(), spec.settings().forAdmin(brokers.bootstrapServers()))) {
            Topic topic = log.prepare(spec.where(), brokers.count());
            RunGroup group = RunGroup.of(spec.settings());
            try {
                Optional<EndToEndMeasurement> measured = measure(brokers, log, topic, group);
                return measured.isEmpty() ? ExitCode.INTERRUPTED : report(brokers, topic, group, measured.get(), output);
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

    /** @return empty when it was stopped before the measurement */
    private Optional<EndToEndMeasurement> measure(Brokers brokers, TopicLog log, Topic topic, RunGroup group) {
        interruption.enterRun();
        try (EndToEnd run = new EndToEnd(spec, log, topic, brokers.bootstrapServers(), group.id(), stop)) {
            console.say("warming up with %,d records", spec.load().warmupRecords());
            if (!console.show("warm-up", listener -> run.warmUp(console.tick(), listener))) {
                console.say("millrace-perf: stopped before the measurement began");
                return Optional.empty();
            }
            console.say("sending %,d records", spec.load().numRecords());
            return Optional.of(console.showAndWrite("handled", TIMES, listener -> run.measure(console.tick(), listener),
                    measured -> new HistogramFile.Whole(measured.untilHandled(), measured.untilHandler())));
        } finally {
            interruption.leaveRun();
        }
    }

    private int report(Brokers brokers, Topic topic, RunGroup group, EndToEndMeasurement measured,
            Consumer<EndToEndReport> output) {
        EndToEndReport report = new EndToEndReport(spec,
                spec.producerSettings().effective(spec.producer(), brokers.bootstrapServers()),
                spec.settings().effective(spec.client(), brokers.bootstrapServers()), brokers.description(), topic, group.id(),
                measured, Environment.ofThisProcess());
        output.accept(report);
        return console.conclude(report);
    }
}
