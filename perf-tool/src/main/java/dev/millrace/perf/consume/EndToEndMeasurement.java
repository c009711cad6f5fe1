package dev.millrace.perf.consume;

import dev.millrace.perf.broker.Confirmation;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.spec.EndToEndSpec;
import dev.millrace.perf.spec.Measured;
import java.util.List;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * The figures of a finished end-to-end run, as derived from what was counted.
 *
 * @param sent what the producer measured
 * @param elapsedNs from the first record's turn until the last one was handled
 * @param handled records handled meanwhile
 * @param untilHandled from when a record was due until its handler was done, in microseconds
 * @param untilHandler from when a record was due until its handler was called, in microseconds
 * @param stored what the logs hold beside what was acknowledged
 * @param partitions what became of each partition's records, of the warm-up too; empty when the run was stopped
 * @param stopped whether somebody asked it to end before its last record
 * @param stalled why it was given up, when it was: nothing was handled any more
 * @param cost what the whole process used, both clients together
 */
public record EndToEndMeasurement(
        EndToEndSpec spec,
        Measurement sent,
        long elapsedNs,
        long handled,
        Histogram untilHandled,
        Histogram untilHandler,
        Confirmation stored,
        List<PartitionResult> partitions,
        boolean stopped,
        Optional<String> stalled,
        PhaseResult.Cost cost) implements Measured {

    public double elapsedSeconds() {
        return Math.max(1, elapsedNs) / 1e9;
    }

    @Override
    public long samples() {
        return untilHandled.getTotalCount();
    }

    @Override
    public String sampled() {
        return "handled records";
    }

    @Override
    public double responseMs(double percentile) {
        return samples() == 0 ? Double.NaN : untilHandled.getValueAtPercentile(percentile) / 1e3;
    }

    @Override
    public double recordsPerSecond() {
        return handled / elapsedSeconds();
    }

    /** Records that could not be sent, or are not what the partitions' counts should be. */
    @Override
    public long errors() {
        return sent.errors() + Partitions.errors(partitions);
    }

    public double cpuSecondsPerMillion() {
        return perRecord(cost.cpuNs()) / 1e3;
    }

    /** The part outside the kernel; NaN where the system does not say. */
    public double userSecondsPerMillion() {
        return cost.userNs() < 0 ? Double.NaN : perRecord(cost.userNs()) / 1e3;
    }

    /** Bytes all threads allocated per record. */
    public double allocatedBytesPerRecord() {
        return perRecord(cost.allocatedBytes());
    }

    private double perRecord(long total) {
        return handled == 0 ? Double.NaN : (double) total / handled;
    }
}
