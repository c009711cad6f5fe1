package dev.millrace.perf.consume;

/**
 * How far behind the end of the log the consumer was.
 *
 * @param seconds since the measured phase began
 * @param records behind
 */
public record LagSample(double seconds, long records) {
}
