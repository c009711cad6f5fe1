package dev.millrace.perf.compare;

import dev.millrace.perf.spec.UsageException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One condition a comparison must meet: {@code cpu_s_per_million<=0.5} of the median ratio, A divided by B, or
 * {@code a.alloc_bytes_per_record<=200} of one side's median.
 */
public final class RatioTarget {
    private static final Pattern FORM =
            Pattern.compile("(?:([ab])\\.)?([a-z][a-z0-9_.]*)\\s*(<=|>=|<|>)\\s*(\\d[\\d_]*(?:\\.\\d+)?)x?");

    private enum Subject { RATIO, A, B }

    private final String expression;
    private final Subject subject;
    private final Figure figure;
    private final String operator;
    private final double limit;

    private RatioTarget(String expression, Subject subject, Figure figure, String operator, double limit) {
        this.expression = expression;
        this.subject = subject;
        this.figure = figure;
        this.operator = operator;
        this.limit = limit;
    }

    /** @throws UsageException naming the expression and what is wrong with it */
    static RatioTarget parse(String expression) {
        Matcher matcher = FORM.matcher(expression);
        if (!matcher.matches()) {
            throw wrong(expression, "write a metric, one of <= < >= >, and a number, as in cpu_s_per_million<=0.5");
        }
        Subject subject = matcher.group(1) == null ? Subject.RATIO : Subject.valueOf(matcher.group(1).toUpperCase(Locale.ROOT));
        Figure figure = Figure.named(matcher.group(2)).orElseThrow(() -> wrong(expression,
                "'" + matcher.group(2) + "' is no metric; there are " + String.join(", ", Figure.metrics())));
        double limit = Double.parseDouble(matcher.group(4).replace("_", ""));
        return new RatioTarget(expression, subject, figure, matcher.group(3), limit);
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
        Optional<FigureResult> found = figures.stream().filter(result -> result.figure() == figure).findFirst();
        double measured = found.map(result -> switch (subject) {
            case RATIO -> result.ratio().map(Ratio::median).orElse(Double.NaN);
            case A -> result.a();
            case B -> result.b();
        }).orElse(Double.NaN);
        boolean inconclusive = subject == Subject.RATIO
                && found.flatMap(FigureResult::ratio).filter(this::isInconclusive).isPresent();
        return new Result(this, measured, meets(measured) && !inconclusive, inconclusive);
    }

    /**
     * A ratio whose pairs do not even agree on the better side counts as nothing. But the question here is which side of the
     * limit it is on, and when all pairs answer that alike ({@code <=1.05}, and none is above), nothing is left open.
     */
    private boolean isInconclusive(Ratio ratio) {
        boolean allMeet = ratio.pairs() > 1 && meets(ratio.min()) && meets(ratio.max());
        return ratio.isInconclusive() && !allMeet;
    }

    private boolean meets(double value) {
        return switch (operator) {
            case "<" -> value < limit;
            case "<=" -> value <= limit;
            case ">" -> value > limit;
            default -> value >= limit;
        };
    }

    /**
     * A target beside what was measured.
     *
     * @param measured the median ratio, or the side's median; NaN when it is not known
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
