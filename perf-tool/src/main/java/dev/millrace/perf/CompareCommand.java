package dev.millrace.perf;

import dev.millrace.perf.compare.Comparison;
import dev.millrace.perf.compare.ComparisonJson;
import dev.millrace.perf.compare.ComparisonText;
import dev.millrace.perf.compare.RatioTargets;
import dev.millrace.perf.compare.Side;
import dev.millrace.perf.load.RecordData;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import dev.millrace.perf.spec.Where;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.producer.ProducerConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code millrace-perf compare}: pairs of measured runs. */
@Command(
        name = "compare",
        description = {
            "Measures two producers, or two settings of one, in turn on the same brokers, and says which is better in what.",
            "Each run is one of 'produce' in a JVM of its own, with a warm-up long enough for the compiler and its counts "
                    + "confirmed. The order is A B B A A B ..., and the ratio A / B is taken within each pair; where the pairs do "
                    + "not agree on the better side, the comparison is inconclusive.",
            "Without options: starts a broker and compares Millrace (A) with KafkaProducer (B) in 5 pairs.",
            ""},
        sortOptions = false,
        abbreviateSynopsis = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every target was met (or there was none)",
            "1:error: no broker, or a run failed: records failed, or the log does not hold what was acknowledged",
            "2:usage: a wrong option, target or client setting",
            "3:a target was missed, or the pairs do not agree about it",
            "4:not valid: a run did not keep its schedule, or there are no samples for a target",
            "130:stopped by Ctrl-C; whole pairs measured so far are printed"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf compare --command-property compression.type=lz4 batch.size=65536",
            "  millrace-perf compare --a linger.ms=0 --b linger.ms=5 --throughput 20000 --sink 2ms",
            "  millrace-perf compare --a client=millrace,threads=4 --b client=millrace --sink",
            "  millrace-perf compare --key-cardinality 100000 --partitions 1000 --target 'cpu_s_per_million<=0.5'"})
final class CompareCommand implements Callable<Integer> {
    /** Where the records go is decided once for all runs, and told to each in other words. */
    private static final Set<String> NOT_HANDED_ON = Set.of("--bootstrap-server", "--embedded", "--sink");

    /** An address to find out by what is wrong with the rest. */
    private static final String SOMEWHERE = "127.0.0.1:9092";

    @Spec
    private CommandSpec spec;

    @Option(names = "--a", paramLabel = "KEY=VALUE,...",
            description = "What side A has: client=millrace or client=kafka, settings of the client, and threads, partitions, "
                    + "key-cardinality, record-size; may be given often. A comma separates only where KEY= follows it, and "
                    + "'\\,' never does (default without --a and --b: client=millrace).")
    private List<String> a = new ArrayList<>();

    @Option(names = "--b", paramLabel = "KEY=VALUE,...",
            description = "What side B has (default without --a and --b: client=kafka).")
    private List<String> b = new ArrayList<>();

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5",
            description = "Pairs of runs (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Mixin
    private ProduceOptions options;

    @Option(names = "--warmup-records", paramLabel = "N",
            description = "Records each run sends before its measurement, which no figure counts (default: 2,000,000, at most "
                    + "1 GB and, with --throughput, 20 s).")
    private Long warmupRecords;

    @Option(names = "--target", paramLabel = "EXPR,...",
            description = "What the comparison must reach: METRIC<=N, also < >= >, of the median ratio A / B, with METRIC as "
                    + "in the JSON: 'cpu_s_per_million<=0.5,records_per_s>=2'. Pairs that do not agree never reach it. "
                    + "'a.METRIC<=N' and 'b.METRIC<=N' are about one side's median.")
    private List<String> targets = new ArrayList<>();

    @Option(names = "--reporting-interval", paramLabel = "MS", defaultValue = "5000",
            description = "Time between two lines of progress of a run (default: ${DEFAULT-VALUE}).")
    private long reportingIntervalMs;

    @Option(names = "--json", paramLabel = "FILE",
            description = "Write the result as JSON; '-' is standard output, and the text goes to standard error then.")
    private Path jsonFile;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws Exception {
        if (reportingIntervalMs < 1) {
            throw new UsageException("--reporting-interval: " + reportingIntervalMs + " is not above 0");
        }
        if (rounds < 1 || rounds > 1000) {
            throw new UsageException("--rounds: " + rounds + " is not between 1 and 1000");
        }
        ReportOutput output = ReportOutput.of(jsonFile);
        RatioTargets ratioTargets = RatioTargets.parse(targets);
        ProduceSpec both = options.toSpec(Warmup.ofComparedRuns(warmupRecords), Targets.parse(List.of()));
        checkClient(both);
        RecordData.of(both.load());
        CompareSession.Contender sideA = contender("A", a, both);
        CompareSession.Contender sideB = contender("B", b, both);
        ratioTargets.check(sideA.spec(), sideB.spec());
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.install(stop, ExitCode.INTERRUPTED);
        CompareSession session = new CompareSession(both.where(), sideA, sideB, rounds, ratioTargets, stop, interruption,
                new RunProgress(System.err, Terminal.isStandardErrorOne()));
        Optional<Comparison> comparison = session.run();
        comparison.ifPresent(found -> {
            output.write(ComparisonText.of(found), () -> ComparisonJson.of(found));
            found.notValid().forEach(reason -> System.err.println("millrace-perf: not valid: " + reason));
            if (found.exitCode() == ExitCode.TARGET_MISSED) {
                System.err.println("millrace-perf: a target was missed, or the pairs do not agree about it");
            }
        });
        return comparison.map(Comparison::exitCode).orElse(ExitCode.INTERRUPTED);
    }

    /** @throws UsageException when a run of this side cannot be what was asked */
    private CompareSession.Contender contender(String name, List<String> lists, ProduceSpec both) {
        boolean byDefault = a.isEmpty() && b.isEmpty();
        if (byDefault && isGiven("--client")) {
            throw new UsageException("--client " + both.client() + " for both sides, and nothing they differ in; add --a or --b");
        }
        Side side = Side.parse(name, byDefault ? List.of(name.equals("A") ? "client=millrace" : "client=kafka") : lists);
        side.check(side.client().orElse(both.client()), partitionsAreFixed(both.where()));
        List<String> arguments = new ArrayList<>(handedOn());
        arguments.add("--warmup-records=" + both.load().warmupRecords());
        arguments.add("--reporting-interval=" + reportingIntervalMs);
        arguments.addAll(side.arguments());
        try {
            ProduceSpec ofSide = ComparedRun.specOf(CompareSession.withBrokers(arguments, both.where(), SOMEWHERE, 1));
            checkClient(ofSide);
            return new CompareSession.Contender(side, arguments, ofSide);
        } catch (UsageException e) {
            // What both have is known to be right.
            throw new UsageException(side.option() + ": " + e.getMessage(), e);
        }
    }

    /** Before a broker is started for it. */
    private static void checkClient(ProduceSpec asked) {
        ProducerConfig config = asked.settings().check(SOMEWHERE);
        asked.transactional().ifPresent(transactional -> transactional.check(config));
    }

    private static Optional<String> partitionsAreFixed(Where where) {
        if (where.sinkDelay().isPresent()) {
            return Optional.of("the sink has the same number for all runs; use --partitions");
        }
        return where.topic().isPresent() ? Optional.of("all runs use the topic --topic names") : Optional.empty();
    }

    private boolean isGiven(String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    /** The shared options as the user gave them. */
    private List<String> handedOn() {
        Set<String> shared = CommandSpec.forAnnotatedObject(new ProduceOptions()).optionsMap().keySet();
        List<String> arguments = new ArrayList<>();
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            String name = option.longestName();
            if (shared.contains(name) && !NOT_HANDED_ON.contains(name)) {
                option.originalStringValues().forEach(value -> arguments.add(name + "=" + value));
            }
        }
        return arguments;
    }
}
