package dev.millrace.perf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.broker.BrokersFactory;
import dev.millrace.perf.compare.Comparison;
import dev.millrace.perf.compare.RatioTargets;
import dev.millrace.perf.compare.RunProcess;
import dev.millrace.perf.compare.Side;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Where;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One comparison from the first broker to the last run. For one thread and one use.
 *
 * @param <S> what a run is asked to do
 */
final class CompareSession<S> {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * A side and its runs.
     *
     * @param arguments of its runs, but for the brokers
     * @param spec what they ask for, but for the brokers
     */
    record Contender<S>(Side side, List<String> arguments, S spec) {
    }

    private final ComparedKind<S> kind;
    private final Where where;
    private final Contender<S> a;
    private final Contender<S> b;
    private final int rounds;
    private final RatioTargets targets;
    private final StopSignal stop;
    private final Interruption interruption;
    private final RunProgress progress;

    CompareSession(ComparedKind<S> kind, Where where, Contender<S> a, Contender<S> b, int rounds, RatioTargets targets,
            StopSignal stop, Interruption interruption, RunProgress progress) {
        this.kind = kind;
        this.where = where;
        this.a = a;
        this.b = b;
        this.rounds = rounds;
        this.targets = targets;
        this.stop = stop;
        this.interruption = interruption;
        this.progress = progress;
    }

    /**
     * Starts the brokers and makes the runs. Blocks for all of it.
     *
     * @return empty when it was stopped before the first pair was whole
     * @throws RunFailedException when a run fails
     */
    Optional<Comparison> run() throws InterruptedException {
        boolean needsBrokers = kind.needsBrokers(a.spec()) || kind.needsBrokers(b.spec());
        if (needsBrokers && where.bootstrapServers().isEmpty() && where.sinkDelay().isEmpty()) {
            progress.message("starting " + where.embeddedBrokers()
                    + (where.embeddedBrokers() == 1 ? " embedded broker" : " embedded brokers"));
        }
        try (Brokers brokers = needsBrokers ? BrokersFactory.open(where) : BrokersFactory.none()) {
            interruption.enterRun();
            try {
                List<Comparison.Pair> pairs = pairs(brokers);
                return pairs.isEmpty() ? Optional.empty() : Optional.of(new Comparison(a.side(), b.side(),
                        kind.runs(a.spec(), b.spec()), pairs, targets, stop.getAsBoolean()));
            } finally {
                interruption.leaveRun();
            }
        }
    }

    private List<Comparison.Pair> pairs(Brokers brokers) throws InterruptedException {
        Optional<ComparedKind.SharedTopics> opened = kind.open(brokers, a.spec(), b.spec(), where, stop);
        if (opened.isEmpty()) {
            progress.message("millrace-perf: stopped before the first run");
            return List.of();
        }
        try (ComparedKind.SharedTopics topics = opened.get()) {
            return pairs(brokers, topics);
        }
    }

    private List<Comparison.Pair> pairs(Brokers brokers, ComparedKind.SharedTopics topics) throws InterruptedException {
        List<Comparison.Pair> pairs = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            // A B B A: what changes steadily, of the brokers or the machine, is for and against both alike.
            boolean aFirst = round % 2 == 1;
            Optional<ObjectNode> first = measure(aFirst, round, brokers, topics);
            Optional<ObjectNode> second = first.isEmpty() ? first : measure(!aFirst, round, brokers, topics);
            if (second.isEmpty()) {
                progress.message("millrace-perf: stopped in round " + round);
                return pairs;
            }
            pairs.add(new Comparison.Pair(aFirst, (aFirst ? first : second).get(), (aFirst ? second : first).get()));
        }
        return pairs;
    }

    /** @return empty when it was stopped */
    private Optional<ObjectNode> measure(boolean isA, int round, Brokers brokers, ComparedKind.SharedTopics topics)
            throws InterruptedException {
        if (stop.getAsBoolean()) {
            return Optional.empty();
        }
        Contender<S> contender = isA ? a : b;
        List<String> arguments = new ArrayList<>(contender.arguments());
        arguments.addAll(topics.arguments(isA));
        String name = "round " + round + "/" + rounds + ", " + contender.side().name() + " (" + contender.side().description() + ")";
        progress.begin(name);
        AtomicReference<String> result = new AtomicReference<>();
        int code;
        String tail;
        try (RunProcess run = RunProcess.start(command(arguments, brokers), line -> {
            if (line.startsWith(ChildRun.RESULT)) {
                result.set(line.substring(ChildRun.RESULT.length()));
            }
            progress.line(line);
        })) {
            code = run.await(stop, kind.silence(contender.spec()));
            tail = run.tail();
        }
        if (stop.getAsBoolean()) {
            return Optional.empty();
        }
        boolean measured = (code == ExitCode.OK || code == ExitCode.NOT_VALID) && result.get() != null;
        if (!measured) {
            throw failure(name, code, tail);
        }
        ObjectNode json = parse(result.get());
        // The run knows an address only.
        ((ObjectNode) json.get("config")).put("brokers", brokers.description());
        progress.message(String.format(Locale.ROOT, "%s: %,.0f records/s, %.2f CPU s per million records", name,
                json.get("records_per_s").asDouble(), json.get("cpu_s_per_million").asDouble()));
        return Optional.of(json);
    }

    private RuntimeException failure(String name, int code, String tail) {
        String error = progress.error();
        if (code == ExitCode.USAGE && !error.isEmpty()) {
            return new UsageException(name + ": " + error);
        }
        return new RunFailedException(name + " failed: " + (error.isEmpty()
                ? "its process ended with exit code " + code + " and said at last:\n" + tail : error));
    }

    private static ObjectNode parse(String json) {
        try {
            return (ObjectNode) MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a run of this tool printed what is no JSON", e);
        }
    }

    private List<String> command(List<String> arguments, Brokers brokers) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Both sides get what the user gave this JVM.
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), kind.process().getName()));
        command.addAll(withBrokers(arguments, where, brokers.bootstrapServers(), brokers.count()));
        return command;
    }

    /** Where a run's records go, in words for a run that finds the brokers there. */
    static List<String> withBrokers(List<String> arguments, Where where, String bootstrapServers, int count) {
        List<String> all = new ArrayList<>(arguments);
        all.add("--bootstrap-server=" + bootstrapServers);
        where.sinkDelay().ifPresent(delay -> all.add("--delay-of-sink=" + delay.toNanos() / 1_000 + "us"));
        boolean embedded = where.bootstrapServers().isEmpty() && where.sinkDelay().isEmpty();
        if (embedded && count > 0 && where.replicationFactor().isEmpty()) {
            all.add("--replication-factor=" + Math.min(3, count));
        }
        return all;
    }
}
