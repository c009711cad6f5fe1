package dev.millrace.perf.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.report.ExitCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * All pairs of runs, and what follows from them.
 *
 * @param a what A is
 * @param b what B is
 * @param asked the runs of A and of B
 * @param pairs at least one
 * @param targets what the user asks of it
 * @param stopped whether it ended before its last pair, because somebody asked
 */
public record Comparison(Side a, Side b, ComparedRuns asked, List<Pair> pairs, RatioTargets targets, boolean stopped) {
    /**
     * One run of each side, one directly behind the other.
     *
     * @param aFirst whether A's was the first of the two
     * @param a the JSON of A's run
     * @param b the JSON of B's run
     */
    public record Pair(boolean aFirst, ObjectNode a, ObjectNode b) {
    }

    /** The figures such runs have. */
    public List<FigureResult> figures() {
        return asked.figures().stream().filter(figure -> asked.missing(figure).isEmpty()).map(this::result).toList();
    }

    private FigureResult result(Figure figure) {
        double[] ofA = pairs.stream().mapToDouble(pair -> figure.in(pair.a())).toArray();
        double[] ofB = pairs.stream().mapToDouble(pair -> figure.in(pair.b())).toArray();
        double[] differences = IntStream.range(0, ofA.length).mapToDouble(i -> ofA[i] - ofB[i]).toArray();
        return new FigureResult(figure, Ratio.median(ofA), Ratio.median(ofB), Ratio.median(differences),
                Optional.ofNullable(Ratio.of(ofA, ofB)));
    }

    /** A's runs as one. */
    JsonNode mediansOfA() {
        return Medians.of(pairs.stream().map(Pair::a).toList());
    }

    /** B's runs as one. */
    JsonNode mediansOfB() {
        return Medians.of(pairs.stream().map(Pair::b).toList());
    }

    List<RatioTarget.Result> targetResults() {
        return targets.check(figures());
    }

    /** Why the figures do not mean what was asked, in sentences. */
    public List<String> notValid() {
        List<String> reasons = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            Pair pair = pairs.get(i);
            reasons.addAll(notValid("round " + (i + 1) + ", A: ", pair.a()));
            reasons.addAll(notValid("round " + (i + 1) + ", B: ", pair.b()));
        }
        targetResults().forEach(result -> result.notMeasured().ifPresent(reasons::add));
        return reasons;
    }

    private static List<String> notValid(String where, JsonNode run) {
        List<String> reasons = new ArrayList<>();
        run.at("/detail/not_valid").forEach(reason -> reasons.add(where + reason.asText()));
        return reasons;
    }

    /** The verdicts of all figures in a sentence. */
    public String overall() {
        List<String> parts = new ArrayList<>();
        part(parts, Verdict.A, names -> "A (" + a.description() + ") is better in " + names);
        part(parts, Verdict.B, names -> "B (" + b.description() + ") is better in " + names);
        part(parts, Verdict.INCONCLUSIVE, names -> "inconclusive: " + names);
        return parts.isEmpty() ? "nothing could be compared" : String.join("; ", parts);
    }

    private void part(List<String> parts, Verdict verdict, Function<String, String> sentence) {
        String names = figures().stream().filter(result -> result.verdict().filter(verdict::equals).isPresent())
                .map(result -> result.figure().metric()).collect(Collectors.joining(", "));
        if (!names.isEmpty()) {
            parts.add(sentence.apply(names));
        }
    }

    /** Figures that are not valid outweigh a missed target: they mean nothing. */
    public int exitCode() {
        if (stopped) {
            return ExitCode.INTERRUPTED;
        }
        if (!notValid().isEmpty()) {
            return ExitCode.NOT_VALID;
        }
        return targetResults().stream().allMatch(RatioTarget.Result::met) ? ExitCode.OK : ExitCode.TARGET_MISSED;
    }
}
