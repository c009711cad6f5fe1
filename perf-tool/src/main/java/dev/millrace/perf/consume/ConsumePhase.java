package dev.millrace.perf.consume;

import dev.millrace.perf.load.PhaseResult;
import java.util.List;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * What the measured phase measured.
 *
 * @param elapsedNs from the end of the warm-up until the last record was handled
 * @param handled records handled meanwhile
 * @param times each of them took in its handler, in microseconds; without work, of one in 64
 * @param others those among them that do not have the hot key; all without one
 * @param notHandled how many records of the run were not handled yet, over time
 * @param lag how far the committed offsets were behind the ends of the logs, over time; empty when nothing is committed
 * @param stopped whether somebody asked it to end before its last record
 * @param stalled why it was given up, when it was: nothing was handled any more
 * @param cost what the whole process used meanwhile
 */
public record ConsumePhase(
        long elapsedNs,
        long handled,
        Histogram times,
        RateOfOthers.Result others,
        List<LagSample> notHandled,
        List<LagSample> lag,
        boolean stopped,
        Optional<String> stalled,
        PhaseResult.Cost cost) {
}
