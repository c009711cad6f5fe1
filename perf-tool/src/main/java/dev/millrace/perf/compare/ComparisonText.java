package dev.millrace.perf.compare;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A comparison as people read it. */
public final class ComparisonText {
    private final Comparison comparison;
    private final JsonNode a;
    private final JsonNode b;
    private final StringBuilder text = new StringBuilder();

    private ComparisonText(Comparison comparison) {
        this.comparison = comparison;
        this.a = comparison.mediansOfA();
        this.b = comparison.mediansOfB();
    }

    /** Some twenty lines, each ended. */
    public static String of(Comparison comparison) {
        return new ComparisonText(comparison).compose();
    }

    private String compose() {
        asked();
        table();
        line("compiler", "in the measured phase the JVM still compiled for %s ms (A) and %s ms (B), which is in the CPU figures",
                count(a, "/detail/jit_ms"), count(b, "/detail/jit_ms"));
        line("verdict", "%s", comparison.overall());
        targets();
        return text.toString();
    }

    private void asked() {
        line("A", "%s: %s", a.path("client").asText(), comparison.a().description());
        line("B", "%s: %s", b.path("client").asText(), comparison.b().description());
        line("load", "%s", comparison.asked().load(this::option));
        line("settings", "%s", settings());
        line("topic", "%s partitions, on %s; %s", option("partitions"), a.at("/config/brokers").asText(),
                comparison.asked().confirmed(allConfirmed()));
        line("runs", "%s, each in a JVM of its own, in the order %s", count(comparison.pairs().size() + "", "pair", "pairs"),
                comparison.pairs().stream().map(pair -> pair.aFirst() ? "A B" : "B A").collect(Collectors.joining(" ")));
    }

    private static String count(String number, String one, String more) {
        return number + " " + (number.equals("1") ? one : more);
    }

    /** The value both sides have, or both values. */
    private String option(String name) {
        String ofA = known(a.path("config").path(name));
        String ofB = known(b.path("config").path(name));
        return ofA.equals(ofB) ? ofA : ofA + " (A), " + ofB + " (B)";
    }

    private static String known(JsonNode value) {
        return value.isNull() ? "none" : value.asText();
    }

    private String settings() {
        JsonNode ofA = a.at("/config/client");
        JsonNode ofB = b.at("/config/client");
        Set<String> keys = new LinkedHashSet<>();
        ofA.fieldNames().forEachRemaining(keys::add);
        ofB.fieldNames().forEachRemaining(keys::add);
        List<String> parts = new ArrayList<>();
        for (String key : keys) {
            boolean same = ofA.path(key).equals(ofB.path(key));
            parts.add(key + "=" + (same ? ofA.path(key).asText() : setting(ofA, key) + " (A), " + setting(ofB, key) + " (B)"));
        }
        return String.join(", ", parts);
    }

    private static String setting(JsonNode settings, String key) {
        return settings.hasNonNull(key) ? settings.get(key).asText() : "not set";
    }

    private boolean allConfirmed() {
        return comparison.pairs().stream().flatMap(pair -> List.of(pair.a(), pair.b()).stream())
                .allMatch(run -> run.path("records_confirmed").isNumber());
    }

    private void table() {
        text.append(String.format(Locale.ROOT, "%n%-36s %13s %13s   %s%n", "", "median of A", "median of B",
                "A / B: median (min - max of the pairs)").replace(System.lineSeparator(), "\n"));
        for (FigureResult result : comparison.figures()) {
            text.append(String.format(Locale.ROOT, "%-36s %13s %13s   %s\n", result.figure().title(),
                    value(result, result.a()), value(result, result.b()), ratio(result)));
        }
        text.append('\n');
    }

    private static String value(FigureResult result, double value) {
        return Double.isNaN(value) ? "unknown" : String.format(Locale.ROOT, "%,." + result.figure().digits() + "f", value);
    }

    private static String ratio(FigureResult result) {
        Optional<Ratio> known = result.ratio();
        if (known.isEmpty()) {
            return "unknown";
        }
        Ratio ratio = known.get();
        Verdict verdict = result.verdict().orElse(Verdict.INCONCLUSIVE);
        return String.format(Locale.ROOT, "%6.3f (%.3f - %.3f)  %s", ratio.median(), ratio.min(), ratio.max(),
                verdict == Verdict.INCONCLUSIVE ? "inconclusive" : verdict.name() + " is better");
    }

    private static String count(JsonNode side, String pointer) {
        JsonNode value = side.at(pointer);
        return value.isNumber() ? String.format(Locale.ROOT, "%,.0f", value.asDouble()) : "unknown";
    }

    private void targets() {
        for (RatioTarget.Result result : comparison.targetResults()) {
            line("target", "%-32s measured %-10s %s", result.target().expression(),
                    Double.isNaN(result.measured()) ? "nothing" : String.format(Locale.ROOT, "%.3f", result.measured()),
                    Double.isNaN(result.measured()) ? "NOT VALID" : result.inconclusive() ? "INCONCLUSIVE"
                            : result.met() ? "met" : "MISSED");
        }
    }

    private void line(String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-10s ", name)).append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
