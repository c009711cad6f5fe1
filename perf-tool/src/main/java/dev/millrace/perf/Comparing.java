package dev.millrace.perf;

import dev.millrace.perf.compare.Comparison;
import dev.millrace.perf.compare.ComparisonJson;
import dev.millrace.perf.compare.ComparisonText;
import dev.millrace.perf.compare.RatioTargets;
import dev.millrace.perf.compare.Side;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** From a command line to a comparison: what each side's runs are told, and where the result goes. For one use. */
final class Comparing<S> {
    /** An address to find out by what is wrong with the rest. */
    private static final String SOMEWHERE = "127.0.0.1:9092";

    private final ComparedKind<S> kind;
    private final CompareOptions options;
    private final ParseResult parsed;
    private final Set<String> shared;

    /**
     * @param parsed the command line
     * @param runOptions an object with the options that runs have as well
     */
    Comparing(ComparedKind<S> kind, CompareOptions options, ParseResult parsed, Object runOptions) {
        this.kind = kind;
        this.options = options;
        this.parsed = parsed;
        this.shared = CommandSpec.forAnnotatedObject(runOptions).optionsMap().keySet();
    }

    /**
     * Makes the comparison. Blocks for all of it.
     *
     * @param both what both sides are asked
     * @return the exit code
     */
    int run(S both) throws InterruptedException {
        options.check();
        ReportOutput output = options.output();
        RatioTargets ratioTargets = RatioTargets.parse(options.targets(), kind.figures());
        if (options.sidesByDefault() && parsed.hasMatchedOption("--client")) {
            throw new UsageException(
                    "--client " + kind.client(both) + " for both sides, and nothing they differ in; add --a or --b");
        }
        kind.check(both);
        CompareSession.Contender<S> sideA = contender("A", options.a(), both);
        CompareSession.Contender<S> sideB = contender("B", options.b(), both);
        ratioTargets.check(kind.runs(sideA.spec(), sideB.spec()));
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.install(stop, ExitCode.INTERRUPTED);
        CompareSession<S> session = new CompareSession<>(kind, kind.where(both), sideA, sideB, options.rounds(), ratioTargets, stop,
                interruption, new RunProgress(System.err, Terminal.isStandardErrorOne()));
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
    private CompareSession.Contender<S> contender(String name, List<String> lists, S both) {
        Side side = Side.parse(name, lists, kind.keys());
        side.check(kind.keys(), side.client().orElse(kind.client(both)), kind.topicIsFixed(kind.where(both)));
        List<String> arguments = new ArrayList<>(handedOn());
        arguments.add("--warmup-records=" + kind.warmupRecords(both));
        arguments.add("--reporting-interval=" + options.reportingIntervalMs());
        arguments.addAll(side.arguments());
        try {
            S ofSide = kind.specOf(CompareSession.withBrokers(arguments, kind.where(both), SOMEWHERE, 1));
            kind.check(ofSide);
            return new CompareSession.Contender<>(side, arguments, ofSide);
        } catch (UsageException e) {
            // What both have is known to be right.
            throw new UsageException(side.option() + ": " + e.getMessage(), e);
        }
    }

    /** The options of runs as the user gave them. */
    private List<String> handedOn() {
        List<String> arguments = new ArrayList<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            String name = option.longestName();
            if (shared.contains(name) && !kind.notHandedOn().contains(name)) {
                if (option.arity().max() == 0) {
                    arguments.add(name + "=" + option.getValue());
                } else {
                    option.originalStringValues().forEach(value -> arguments.add(name + "=" + value));
                }
            }
        }
        return arguments;
    }
}
