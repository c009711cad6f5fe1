package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.broker.BrokersFactory;
import dev.millrace.perf.broker.Confirmation;
import dev.millrace.perf.broker.EndOffsets;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.ProduceRun;
import dev.millrace.perf.load.RecordData;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.load.WarmUp;
import dev.millrace.perf.report.Environment;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.report.HistogramFile;
import dev.millrace.perf.report.ProduceReport;
import dev.millrace.perf.spec.ProduceSpec;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.ProducerConfig;

/** One run of {@code produce} from the first broker to the last line. For one thread and one use. */
final class ProduceSession {
    private static final HistogramFile.Kind TIMES = new HistogramFile.Kind("produce", "response", "service");

    private final ProduceSpec spec;
    private final StopSignal stop;
    private final Interruption interruption;
    private final RunConsole console;

    ProduceSession(ProduceSpec spec, StopSignal stop, Interruption interruption, RunConsole console) {
        this.spec = spec;
        this.stop = stop;
        this.interruption = interruption;
        this.console = console;
    }

    /**
     * @param output gets the result
     * @return the exit code
     */
    int run(Consumer<ProduceReport> output) throws IOException {
        console.warnOfUnknown("producer", spec.settings().unknownKeys(spec.client()));
        // What can be wrong is found before a broker is started for it.
        ProducerConfig config = spec.settings().check(spec.where().bootstrapServers().orElse("127.0.0.1:9092"));
        spec.transactional().ifPresent(transactional -> transactional.check(config));
        RecordData data = RecordData.of(spec.load());
        console.sayBrokers(spec.where());
        try (Brokers brokers = BrokersFactory.open(spec.where())) {
            return brokers.storeRecords() ? runConfirmed(brokers, data, output) : runUnconfirmed(brokers, data, output);
        }
    }

    private int runUnconfirmed(Brokers brokers, RecordData data, Consumer<ProduceReport> output) throws IOException {
        Topic topic = new Topic(spec.where().topic().orElse("millrace-perf"), spec.where().partitionsToMake(), 1, true);
        Optional<Measurement> measured = measure(brokers, data, topic, warmedUp -> { });
        if (measured.isEmpty()) {
            return ExitCode.INTERRUPTED;
        }
        Confirmation none = Confirmation.none(measured.get().phase().acked(), "the sink stores nothing");
        return report(brokers, topic, measured.get(), none, output);
    }

    private int runConfirmed(Brokers brokers, RecordData data, Consumer<ProduceReport> output) throws IOException {
        String bootstrap = brokers.bootstrapServers();
        try (TopicLog log = new TopicLog(bootstrap, spec.settings().forAdmin(bootstrap))) {
            Topic topic = log.prepare(spec.where(), brokers.count());
            EndOffsets start = log.endOffsets(topic);
            EndOffsets[] before = new EndOffsets[1];
            try {
                Optional<Measurement> measured = measure(brokers, data, topic, warmedUp -> {
                    // With acks=0 the last of the warm-up may be on the way still.
                    log.awaitGrowth(topic, start, warmedUp);
                    before[0] = log.endOffsets(topic);
                });
                return measured.isEmpty() ? ExitCode.INTERRUPTED
                        : report(brokers, topic, measured.get(), confirm(log, topic, before[0], measured.get()), output);
            } finally {
                if (topic.madeForRun() && brokers.count() == 0) {
                    log.delete(topic);
                }
            }
        }
    }

    private Confirmation confirm(TopicLog log, Topic topic, EndOffsets before, Measurement measurement) {
        long delivered = measurement.phase().delivered();
        if (measurement.phase().stopped()) {
            return Confirmation.none(delivered, "the run was stopped");
        }
        if (spec.transactional().isEmpty()) {
            return Confirmation.counted(log.awaitGrowth(topic, before, delivered), delivered);
        }
        console.say("reading what was committed");
        return Confirmation.read(log.countCommitted(topic, before), delivered);
    }

    /**
     * @param baseline runs between warm-up and measurement, when nothing is in flight; is told what the warm-up had acknowledged
     * @return empty when the run was stopped before the measurement
     */
    private Optional<Measurement> measure(Brokers brokers, RecordData data, Topic topic, LongConsumer baseline) {
        interruption.enterRun();
        try (ProduceRun run = new ProduceRun(spec, data, brokers.bootstrapServers(), topic.name(), stop)) {
            long warmedUp = warmUp(run);
            if (stop.getAsBoolean()) {
                console.say("millrace-perf: stopped before the measurement began");
                return Optional.empty();
            }
            baseline.accept(warmedUp);
            return Optional.of(measure(run));
        } finally {
            interruption.leaveRun();
        }
    }

    /** Returns how many records were acknowledged. */
    private long warmUp(ProduceRun run) {
        long records = spec.load().warmupRecords();
        if (records == 0) {
            return 0;
        }
        console.say("warming up with %,d records", records);
        WarmUp.Result result = console.show("warm-up", listener -> run.warmUp(console.tick(), listener));
        if (result.undelivered() > 0) {
            console.say("millrace-perf: warning: %,d records of the warm-up failed: %s", result.undelivered(), result.errors());
        }
        return result.acked();
    }

    private Measurement measure(ProduceRun run) {
        console.say("sending %,d records", spec.load().numRecords());
        return console.showAndWrite("sent", TIMES, listener -> run.measure(console.tick(), listener), measured ->
                new HistogramFile.Whole(measured.phase().response(), measured.phase().service()));
    }

    private int report(Brokers brokers, Topic topic, Measurement measurement, Confirmation confirmation,
            Consumer<ProduceReport> output) throws IOException {
        Map<String, Object> config = spec.settings().effective(spec.client(), brokers.bootstrapServers());
        ProduceReport report = new ProduceReport(spec, config, brokers.description(), topic, measurement,
                confirmation, Environment.ofThisProcess());
        output.accept(report);
        return console.conclude(report);
    }
}
