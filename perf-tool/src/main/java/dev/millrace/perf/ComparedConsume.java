package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.compare.ComparedRuns;
import dev.millrace.perf.compare.ConsumeRuns;
import dev.millrace.perf.compare.Figure;
import dev.millrace.perf.compare.SideKeys;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Comparisons of {@code consume}: all runs read one topic, which is filled once; or one each, when the sides want other records. */
final class ComparedConsume implements ComparedKind<ConsumeSpec> {
    private static final Duration SILENCE = Duration.ofMinutes(10);
    private static final String SOMEWHERE = "127.0.0.1:9092";

    private final RunConsole console;

    /** @param console shows how topics are filled */
    ComparedConsume(RunConsole console) {
        this.console = console;
    }

    @Override
    public SideKeys keys() {
        return SideKeys.CONSUME;
    }

    @Override
    public List<Figure> figures() {
        return ConsumeRuns.FIGURES;
    }

    @Override
    public Set<String> notHandedOn() {
        return Set.of("--bootstrap-server", "--embedded", "--topic");
    }

    @Override
    public Class<?> process() {
        return ComparedConsumeRun.class;
    }

    @Override
    public ConsumeSpec specOf(List<String> arguments) {
        return ComparedConsumeRun.specOf(arguments);
    }

    @Override
    public void check(ConsumeSpec spec) {
        spec.check(SOMEWHERE);
    }

    @Override
    public String client(ConsumeSpec spec) {
        return spec.client().toString();
    }

    @Override
    public Where where(ConsumeSpec spec) {
        return spec.where();
    }

    @Override
    public long warmupRecords(ConsumeSpec spec) {
        return spec.fill().warmupRecords();
    }

    @Override
    public Duration silence(ConsumeSpec spec) {
        return SILENCE;
    }

    @Override
    public ComparedRuns runs(ConsumeSpec a, ConsumeSpec b) {
        return new ConsumeRuns(a, b);
    }

    @Override
    public boolean needsBrokers(ConsumeSpec spec) {
        return spec.client().reads();
    }

    @Override
    public Optional<String> topicIsFixed(Where where) {
        return where.topic().isPresent() ? Optional.of("all runs use the topic --topic names") : Optional.empty();
    }

    @Override
    public Optional<SharedTopics> open(Brokers brokers, ConsumeSpec a, ConsumeSpec b, Where where, StopSignal stop) {
        FilledTopics topics = new FilledTopics(brokers, where, console, stop);
        try {
            if (topics.fillFor(a, true) && topics.fillFor(b, false)) {
                return Optional.of(topics);
            }
        } catch (RuntimeException e) {
            topics.close();
            throw e;
        }
        topics.close();
        return Optional.empty();
    }
}
