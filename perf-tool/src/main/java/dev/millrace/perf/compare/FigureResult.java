package dev.millrace.perf.compare;

import java.util.Optional;

/**
 * A figure of both sides.
 *
 * @param a the median of A's runs; NaN when one of them did not have it
 * @param b the same of B's
 * @param difference the median of the pairs' differences, A less B; NaN when a pair has none
 * @param ratio empty when a pair has none
 */
public record FigureResult(Figure figure, double a, double b, double difference, Optional<Ratio> ratio) {
    /** Which side is better, or that it cannot be said; empty without a ratio. */
    Optional<Verdict> verdict() {
        return ratio.map(known -> {
            if (known.isInconclusive()) {
                return Verdict.INCONCLUSIVE;
            }
            boolean aIsHigher = known.min() > 1;
            return aIsHigher == (figure.better() == Figure.Better.HIGHER) ? Verdict.A : Verdict.B;
        });
    }
}
