package dev.millrace.perf.spec;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people write them on the command line: a number and one of {@code us}, {@code ms}, {@code s}. */
public final class TimeSpan {
    private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(us|ms|s)?");

    private TimeSpan() {
    }

    /**
     * Reads {@code 250us}, {@code 2ms} or {@code 1.5s}.
     *
     * @param what names the value in the error
     * @throws UsageException when the text is no such time, or has no unit
     */
    public static Duration parse(String text, String what) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw new UsageException(what + ": '" + text + "' is not a time; write for example 250us, 2ms or 1.5s");
        }
        if (matcher.group(2) == null) {
            throw new UsageException(what + ": '" + text + "' has no unit; write us, ms or s behind the number");
        }
        double nanosPerUnit = switch (matcher.group(2)) {
            case "us" -> 1e3;
            case "ms" -> 1e6;
            default -> 1e9;
        };
        return Duration.ofNanos(Math.round(Double.parseDouble(matcher.group(1)) * nanosPerUnit));
    }
}
