package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.compare.ComparedRuns;
import dev.millrace.perf.compare.Figure;
import dev.millrace.perf.compare.ProduceRuns;
import dev.millrace.perf.compare.SideKeys;
import dev.millrace.perf.load.RecordData;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerConfig;

/** Comparisons of {@code produce}: each run has a topic of its own. */
final class ComparedProduce implements ComparedKind<ProduceSpec> {
    /** Beside what a run waits by itself: reading back what was committed may be silent for long. */
    private static final Duration SILENCE = Duration.ofMinutes(10);
    private static final String SOMEWHERE = "127.0.0.1:9092";

    @Override
    public SideKeys keys() {
        return SideKeys.PRODUCE;
    }

    @Override
    public List<Figure> figures() {
        return ProduceRuns.FIGURES;
    }

    @Override
    public Set<String> notHandedOn() {
        return Set.of("--bootstrap-server", "--embedded", "--sink");
    }

    @Override
    public Class<?> process() {
        return ComparedRun.class;
    }

    @Override
    public ProduceSpec specOf(List<String> arguments) {
        return ComparedRun.specOf(arguments);
    }

    @Override
    public void check(ProduceSpec spec) {
        ProducerConfig config = spec.settings().check(SOMEWHERE);
        spec.transactional().ifPresent(transactional -> transactional.check(config));
        RecordData.of(spec.load());
    }

    @Override
    public String client(ProduceSpec spec) {
        return spec.client().toString();
    }

    @Override
    public Where where(ProduceSpec spec) {
        return spec.where();
    }

    @Override
    public long warmupRecords(ProduceSpec spec) {
        return spec.load().warmupRecords();
    }

    /** A run tells its progress all the time, and notices itself when nothing moves; a run that does neither hangs. */
    @Override
    public Duration silence(ProduceSpec spec) {
        ProducerConfig config = spec.settings().check(SOMEWHERE);
        return SILENCE.plusMillis(config.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG))
                .plusMillis(config.getInt(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG));
    }

    @Override
    public ComparedRuns runs(ProduceSpec a, ProduceSpec b) {
        return new ProduceRuns(a, b);
    }

    @Override
    public boolean needsBrokers(ProduceSpec spec) {
        return true;
    }

    @Override
    public Optional<String> topicIsFixed(Where where) {
        if (where.sinkDelay().isPresent()) {
            return Optional.of("the sink has the same number for all runs; use --partitions");
        }
        return where.topic().isPresent() ? Optional.of("all runs use the topic --topic names") : Optional.empty();
    }

    @Override
    public Optional<SharedTopics> open(Brokers brokers, ProduceSpec a, ProduceSpec b, Where where, StopSignal stop) {
        return Optional.of(SharedTopics.NONE);
    }
}
