package dev.millrace.perf.compare;

import java.util.Arrays;

/**
 * How a figure of A stands to the same of B, pair by pair.
 *
 * @param median of the pairs' ratios, A divided by B
 * @param min of them
 * @param max of them
 * @param pairs how many there are
 */
public record Ratio(double median, double min, double max, int pairs) {
    /** A single pair shows nothing of what chance does. */
    private static final int LEAST_PAIRS = 2;

    /** @return null when a pair has no ratio: a value is not known, or B's is 0 */
    static Ratio of(double[] a, double[] b) {
        double[] ratios = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            ratios[i] = a[i] / b[i];
            if (!Double.isFinite(ratios[i])) {
                return null;
            }
        }
        if (ratios.length == 0) {
            return null;
        }
        double median = median(ratios);
        Arrays.sort(ratios);
        return new Ratio(median, ratios[0], ratios[ratios.length - 1], ratios.length);
    }

    /** The middle value, or the mean of the two in the middle; NaN when there is none, or one of them is. */
    static double median(double[] values) {
        if (values.length == 0 || Arrays.stream(values).anyMatch(Double::isNaN)) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Whether the pairs do not agree on which side's value is the larger one, or there are too few to agree. */
    public boolean isInconclusive() {
        return pairs < LEAST_PAIRS || min <= 1 && max >= 1;
    }
}
