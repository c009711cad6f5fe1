package dev.millrace.perf.spec;

/** The figures of a run that a target can be about. */
public interface Measured {
    /** Response times recorded, which is what percentiles are taken of. */
    long samples();

    /** @param percentile in (0, 100]; 100 is the maximum */
    double responseMs(double percentile);

    double recordsPerSecond();

    double megabytesPerSecond();

    long errors();
}
