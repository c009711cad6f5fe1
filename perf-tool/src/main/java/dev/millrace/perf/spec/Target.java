package dev.millrace.perf.spec;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** One condition a run must meet, as {@code p99<50ms}, {@code rate>=50000} or {@code errors=0}. */
public final class Target {
    /** Samples that must lie beyond a percentile before it says anything. */
    private static final int SAMPLES_BEYOND = 10;
    private static final Pattern FORM = Pattern.compile("([a-z][a-z0-9.]*)\\s*(<=|>=|<|>|=)\\s*(\\S.*)");
    private static final Set<String> SOME_HAVE = Set.of("mb", "share");
    private static final Pattern PERCENTILE = Pattern.compile("p(\\d{1,2}(?:\\.\\d+)?)");

    private enum Metric { RESPONSE, RATE, MEGABYTES, ERRORS, SHARE }

    private final String expression;
    private final Metric metric;
    private final double percentile;
    private final Limit limit;

    private Target(String expression, Metric metric, double percentile, String operator, double limit) {
        this.expression = expression;
        this.metric = metric;
        this.percentile = percentile;
        this.limit = new Limit(operator, limit);
    }

    /**
     * Reads one.
     *
     * @param more metrics that only some runs have: {@code mb} or {@code share}
     * @throws UsageException naming the expression and what is wrong with it
     */
    static Target parse(String expression, Set<String> more) {
        Matcher matcher = FORM.matcher(expression);
        if (!matcher.matches()) {
            throw wrong(expression, "write a metric, a comparison and a value, as in p99<50ms");
        }
        String name = matcher.group(1);
        String operator = matcher.group(2);
        String value = matcher.group(3).strip();
        if (SOME_HAVE.contains(name) && !more.contains(name)) {
            throw noMetric(expression, name, more);
        }
        return switch (name) {
            case "rate" -> new Target(expression, Metric.RATE, 0, allow(expression, operator, ">=", ">"), number(expression, value));
            case "mb" -> new Target(expression, Metric.MEGABYTES, 0, allow(expression, operator, ">=", ">"),
                    number(expression, value));
            case "share" -> new Target(expression, Metric.SHARE, 0, allow(expression, operator, ">=", ">"), number(expression, value));
            case "errors" -> new Target(expression, Metric.ERRORS, 0, allow(expression, operator, "=", "<=", "<"),
                    number(expression, value));
            default -> new Target(expression, Metric.RESPONSE, percentile(expression, name, more),
                    allow(expression, operator, "<", "<="),
                    TimeSpan.parse(value, "--target '" + expression + "'").toNanos() / 1e6);
        };
    }

    private static double percentile(String expression, String name, Set<String> more) {
        if (name.equals("max")) {
            return 100;
        }
        Matcher matcher = PERCENTILE.matcher(name);
        if (!matcher.matches() || Double.parseDouble(matcher.group(1)) == 0) {
            throw noMetric(expression, name, more);
        }
        return Double.parseDouble(matcher.group(1));
    }

    private static UsageException noMetric(String expression, String name, Set<String> more) {
        return wrong(expression, "'" + name + "' is no metric; there are p50, p90, p99, p99.9, p99.99 (and any other "
                + "percentile), max, rate, " + more.stream().sorted().map(metric -> metric + ", ").collect(Collectors.joining())
                + "errors");
    }

    private static String allow(String expression, String operator, String... allowed) {
        for (String candidate : allowed) {
            if (candidate.equals(operator)) {
                return operator;
            }
        }
        throw wrong(expression, "this metric is compared by " + String.join(" or ", allowed) + ", not by " + operator);
    }

    private static double number(String expression, String value) {
        if (!value.matches("\\d[\\d_]*(\\.\\d+)?")) {
            throw wrong(expression, "'" + value + "' is not a number");
        }
        return Limit.number(value);
    }

    private static UsageException wrong(String expression, String what) {
        return new UsageException("--target '" + expression + "': " + what);
    }

    /** What the user wrote. */
    public String expression() {
        return expression;
    }

    public boolean isAboutErrors() {
        return metric == Metric.ERRORS;
    }

    /** What was measured and whether it is good enough. */
    public TargetResult check(Measured measured) {
        double value = switch (metric) {
            case RESPONSE -> measured.responseMs(percentile);
            case RATE -> measured.recordsPerSecond();
            case MEGABYTES -> measured.megabytesPerSecond();
            case ERRORS -> measured.errors();
            case SHARE -> measured.share();
        };
        return new TargetResult(this, value, limit.isMetBy(value), tooFewSamples(measured));
    }

    /** Below this many samples the percentile is a matter of luck: at least ten have to lie beyond it. */
    long samplesNeeded() {
        if (metric != Metric.RESPONSE) {
            return 0;
        }
        // Rounded first: 100 - 99.9 is a little less than 0.1.
        return percentile == 100 ? 1 : (long) Math.ceil(Math.round(SAMPLES_BEYOND * 100e6 / (100 - percentile)) / 1e6);
    }

    private Optional<String> tooFewSamples(Measured measured) {
        long needed = samplesNeeded();
        if (measured.samples() >= needed) {
            return Optional.empty();
        }
        return Optional.of(String.format(Locale.ROOT, "%s needs at least %,d %s to mean something; there were %,d",
                expression, needed, measured.sampled(), measured.samples()));
    }

    /** The measured value as people read it. */
    String format(double value) {
        return switch (metric) {
            case RESPONSE -> String.format(Locale.ROOT, "%.3f ms", value);
            case RATE -> String.format(Locale.ROOT, "%,.0f records/s", value);
            case MEGABYTES -> String.format(Locale.ROOT, "%,.1f MB/s", value);
            case ERRORS -> String.format(Locale.ROOT, "%,.0f errors", value);
            case SHARE -> String.format(Locale.ROOT, "%.3f", value);
        };
    }
}
