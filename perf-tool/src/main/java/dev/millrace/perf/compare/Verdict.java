package dev.millrace.perf.compare;

import java.util.Locale;

/** Which side is better in a figure. */
enum Verdict {
    A, B,
    /** The ratios of the pairs lie on both sides of 1, or there is only one pair. */
    INCONCLUSIVE;

    /** As in the JSON. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
