package dev.millrace.perf.spec;

/** The figures of a run that a target can be about; NaN for what such a run has not. */
public interface Measured {
    /** Response times recorded, which is what percentiles are taken of. */
    long samples();

    /** What a sample is, for people. */
    default String sampled() {
        return "acknowledged records";
    }

    /** @param percentile in (0, 100]; 100 is the maximum */
    double responseMs(double percentile);

    double recordsPerSecond();

    default double megabytesPerSecond() {
        return Double.NaN;
    }

    /** Of what handlers could do if nothing but their work took time: 1 is all of it. */
    default double share() {
        return Double.NaN;
    }

    long errors();
}
