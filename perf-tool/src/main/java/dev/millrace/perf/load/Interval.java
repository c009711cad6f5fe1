package dev.millrace.perf.load;

import org.HdrHistogram.Histogram;

/**
 * What a phase did since the last interval, and in all so far.
 *
 * @param startMs wall clock at the beginning of the interval
 * @param endMs wall clock at its end
 * @param elapsedNs since the phase began
 * @param acked records acknowledged since the phase began
 * @param failed records failed since the phase began
 * @param total records the phase is to send
 * @param response response times of this interval, in microseconds; valid during the call only
 * @param service service times of this interval; empty in a closed loop
 */
public record Interval(long startMs, long endMs, long elapsedNs, long acked, long failed, long total,
                       Histogram response, Histogram service) {
}
