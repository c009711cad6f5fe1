package dev.millrace.perf.spec;

/**
 * What a measured value is compared with.
 *
 * @param operator one of {@code < <= > >= =}
 */
public record Limit(String operator, double value) {
    /** A value that is not known never is. */
    public boolean isMetBy(double measured) {
        return switch (operator) {
            case "<" -> measured < value;
            case "<=" -> measured <= value;
            case ">" -> measured > value;
            case ">=" -> measured >= value;
            default -> measured == value;
        };
    }

    /** A number as on the command line, which may have {@code _} between its digits. */
    public static double number(String text) {
        return Double.parseDouble(text.replace("_", ""));
    }
}
