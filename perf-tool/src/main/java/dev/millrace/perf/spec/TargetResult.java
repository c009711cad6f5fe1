package dev.millrace.perf.spec;

import java.util.Optional;

/**
 * A target beside what was measured.
 *
 * @param measured in ms, records/s, MB/s or a count, as the target's metric is
 * @param met whether the measured value is good enough
 * @param tooFewSamples why the value means nothing, when it does not
 */
public record TargetResult(Target target, double measured, boolean met, Optional<String> tooFewSamples) {
    /** The measured value with its unit. */
    public String formattedMeasured() {
        return target.format(measured);
    }
}
