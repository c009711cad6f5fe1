package dev.millrace.perf.compare;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What is compared: a figure of a run, by its place in the run's JSON.
 *
 * @param metric its name: the keys that lead to it, with dots between them
 * @param title for people
 * @param better which of two values speaks for its side
 * @param digits behind the point, for people
 */
public record Figure(String metric, String title, Better better, int digits) {
    /** Which of two values speaks for its side. */
    public enum Better { HIGHER, LOWER }

    /** Its value in a run's JSON; NaN when the run has none. */
    double in(JsonNode run) {
        JsonNode value = run.at("/" + metric.replace('.', '/'));
        return value.isNumber() ? value.asDouble() : Double.NaN;
    }
}
