package dev.millrace.perf.consume;

import dev.millrace.perf.load.PhaseResult;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.Measured;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The figures of a finished run, as derived from what was counted.
 *
 * @param partitions what became of each partition's records, of the warm-up too; empty when the run was stopped
 * @param commits whether offsets are committed at all
 * @param planned records that were to be measured
 * @param closeMs how long the consumer took to close
 */
public record ConsumeMeasurement(ConsumeSpec spec, ConsumePhase phase, List<PartitionResult> partitions, boolean commits,
                                 long planned, long closeMs) implements Measured {
    /** A phase in which fewer than this share of its records were handled is over before it is looked at. */
    private static final double LEAST_SHARE = 0.5;

    public double elapsedSeconds() {
        return Math.max(1, phase.elapsedNs()) / 1e9;
    }

    @Override
    public long samples() {
        return phase.times().getTotalCount();
    }

    @Override
    public String sampled() {
        return spec.handling().work().isZero() ? "timed records (one in 64 is, without work)" : "timed records";
    }

    @Override
    public double responseMs(double percentile) {
        return samples() == 0 ? Double.NaN : phase.times().getValueAtPercentile(percentile) / 1e3;
    }

    @Override
    public double recordsPerSecond() {
        return phase.handled() / elapsedSeconds();
    }

    @Override
    public double share() {
        return spec.handling().work().isZero() ? Double.NaN : recordsPerSecond() / spec.handling().ideal(spec.client());
    }

    @Override
    public long errors() {
        return Partitions.errors(partitions);
    }

    /** Why the measured phase says nothing, when it does not. */
    public Optional<String> tooShort() {
        if (phase.stopped() || phase.stalled().isPresent() || phase.handled() >= LEAST_SHARE * planned) {
            return Optional.empty();
        }
        return Optional.of(String.format(Locale.ROOT, "too few records: %,d of %,d were handled while the end of the warm-up was "
                + "noticed, and %,d were measured; raise --num-records", planned - phase.handled(), planned, phase.handled()));
    }

    /** What is committed and should not be, in sentences. */
    public List<String> wrongCommits() {
        return commits ? Partitions.wrongCommits(partitions) : List.of();
    }

    /** CPU seconds of the whole process per million records; NaN without any. */
    public double cpuSecondsPerMillion() {
        return perRecord(phase.cost().cpuNs()) / 1e3;
    }

    /** The part outside the kernel; NaN where the system does not say. */
    public double userSecondsPerMillion() {
        return phase.cost().userNs() < 0 ? Double.NaN : perRecord(phase.cost().userNs()) / 1e3;
    }

    /** What is left without the JVM's compiler, which ends some day; NaN where the system does not say. */
    public double cpuWithoutCompilerSecondsPerMillion() {
        PhaseResult.Cost cost = phase.cost();
        return cost.jitCpuNs() < 0 ? Double.NaN : perRecord(cost.cpuNs() - cost.jitCpuNs()) / 1e3;
    }

    /** Bytes all threads allocated per record. */
    public double allocatedBytesPerRecord() {
        return perRecord(phase.cost().allocatedBytes());
    }

    private double perRecord(long total) {
        return phase.handled() == 0 ? Double.NaN : (double) total / phase.handled();
    }
}
