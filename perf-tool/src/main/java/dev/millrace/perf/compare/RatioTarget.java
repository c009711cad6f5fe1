package dev.millrace.perf.compare;

import dev.millrace.perf.spec.Limit;
import dev.millrace.perf.spec.UsageException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One condition a comparison must meet: {@code cpu_s_per_million<=0.5} of the median ratio, A divided by B,
 * {@code a.alloc_bytes_per_record<=200} of one side's median, or {@code a-b.alloc_bytes_per_record<=150} of the median
 * difference.
 */
public final class RatioTarget {
    private static final Pattern FORM =
            Pattern.compile("(?:(a-b|[ab])\\.)?([a-z][a-z0-9_.]*)\\s*(<=|>=|<|>)\\s*(\\d[\\d_]*(?:\\.\\d+)?)x?");

    private enum Subject { RATIO, A, B, DIFFERENCE }

    private final String expression;
    private final Subject subject;
    private final Figure figure;
    private final Limit limit;

    private RatioTarget(String expression, Subject subject, Figure figure, Limit limit) {
        this.expression = expression;
        this.subject = subject;
        this.figure = figure;
        this.limit = limit;
    }

    /**
     * Reads one.
     *
     * @param figures it may be about
     * @throws UsageException naming the expression and what is wrong with it
     */
    static RatioTarget parse(String expression, List<Figure> figures) {
        Matcher matcher = FORM.matcher(expression);
        if (!matcher.matches()) {
            throw wrong(expression, "write a metric, one of <= < >= >, and a number, as in cpu_s_per_million<=0.5");
        }
        Figure figure = figures.stream().filter(candidate -> candidate.metric().equals(matcher.group(2))).findFirst()
                .orElseThrow(() -> wrong(expression, "'" + matcher.group(2) + "' is no metric; there are "
                        + figures.stream().map(Figure::metric).collect(Collectors.joining(", "))));
        return new RatioTarget(expression, subject(matcher.group(1)), figure,
                new Limit(matcher.group(3), Limit.number(matcher.group(4))));
    }

    private static Subject subject(String prefix) {
        if (prefix == null) {
            return Subject.RATIO;
        }
        return prefix.equals("a-b") ? Subject.DIFFERENCE : Subject.valueOf(prefix.toUpperCase(Locale.ROOT));
    }

    static UsageException wrong(String expression, String what) {
        return new UsageException("--target '" + expression + "': " + what);
    }

    /** What the user wrote. */
    String expression() {
        return expression;
    }

    Figure figure() {
        return figure;
    }

    /** What was measured and whether it is good enough. */
    Result check(List<FigureResult> figures) {
        Optional<FigureResult> found = figures.stream().filter(result -> result.figure().equals(figure)).findFirst();
        double measured = found.map(result -> switch (subject) {
            case RATIO -> result.ratio().map(Ratio::median).orElse(Double.NaN);
            case A -> result.a();
            case B -> result.b();
            case DIFFERENCE -> result.difference();
        }).orElse(Double.NaN);
        boolean inconclusive = subject == Subject.RATIO
                && found.flatMap(FigureResult::ratio).filter(this::isInconclusive).isPresent();
        return new Result(this, measured, limit.isMetBy(measured) && !inconclusive, inconclusive);
    }

    /**
     * A ratio whose pairs do not even agree on the better side counts as nothing. But the question here is which side of the
     * limit it is on, and when all pairs answer that alike ({@code <=1.05}, and none is above), nothing is left open.
     */
    private boolean isInconclusive(Ratio ratio) {
        boolean allMeet = ratio.pairs() > 1 && limit.isMetBy(ratio.min()) && limit.isMetBy(ratio.max());
        return ratio.isInconclusive() && !allMeet;
    }

    /**
     * A target beside what was measured.
     *
     * @param measured the median ratio, the side's median, or the median difference; NaN when it is not known
     * @param met whether that is good enough; never when it is inconclusive
     * @param inconclusive whether the pairs do not agree
     */
    record Result(RatioTarget target, double measured, boolean met, boolean inconclusive) {
        /** Why there is nothing to judge, when that is so. */
        Optional<String> notMeasured() {
            return Double.isNaN(measured)
                    ? Optional.of(target.expression + ": " + target.figure.metric() + " is not known of every run") : Optional.empty();
        }
    }
}
