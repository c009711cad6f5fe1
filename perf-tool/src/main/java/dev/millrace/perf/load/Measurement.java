package dev.millrace.perf.load;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.Measured;
import java.util.Locale;
import java.util.Optional;

/**
 * The figures of a finished run, as derived from what was counted.
 *
 * @param recordsPerRequest NaN when the client does not say
 * @param recordsPerBatch NaN when the client does not say
 * @param batchBytesAvg NaN when the client does not say
 */
public record Measurement(Load load, PhaseResult phase, double recordsPerRequest, double recordsPerBatch,
                          double batchBytesAvg) implements Measured {
    /** As in kafka-producer-perf-test. */
    private static final double BYTES_PER_MB = 1024 * 1024;
    /** A schedule is kept when at least this share of the rate asked for was offered... */
    private static final double KEPT_SHARE = 0.99;
    /** ...or the end was late by less than a moment, which in a short run is more than one percent. */
    private static final long KEPT_SLACK_NS = 100_000_000;

    public double elapsedSeconds() {
        return Math.max(1, phase.elapsedNs()) / 1e9;
    }

    @Override
    public long samples() {
        return phase.response().getTotalCount();
    }

    @Override
    public double responseMs(double percentile) {
        return samples() == 0 ? Double.NaN : phase.response().getValueAtPercentile(percentile) / 1e3;
    }

    @Override
    public double recordsPerSecond() {
        return phase.delivered() / elapsedSeconds();
    }

    @Override
    public double megabytesPerSecond() {
        return phase.attempted() == 0 ? 0
                : recordsPerSecond() * phase.recordBytes() / phase.attempted() / BYTES_PER_MB;
    }

    @Override
    public long errors() {
        return phase.undelivered();
    }

    /** CPU seconds of the whole process per million delivered records; NaN without any. */
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

    /** Bytes the calling threads allocated per record, the harness's two objects included. */
    public double allocatedBytesPerRecord() {
        return perRecord(phase.callerAllocatedBytes());
    }

    public double allThreadsAllocatedBytesPerRecord() {
        return perRecord(phase.cost().allocatedBytes());
    }

    private double perRecord(long total) {
        return phase.delivered() == 0 ? Double.NaN : (double) total / phase.delivered();
    }

    /** Why the open loop's schedule was not kept, when it was not. */
    public Optional<String> scheduleMissed() {
        if (!load.isPaced() || phase.stopped() || phase.behindNs() <= KEPT_SLACK_NS) {
            return Optional.empty();
        }
        double scheduledNs = load.numRecords() / load.throughput() * 1e9;
        double share = scheduledNs / (scheduledNs + phase.behindNs());
        if (share >= KEPT_SHARE) {
            return Optional.empty();
        }
        return Optional.of(String.format(Locale.ROOT,
                "the schedule of %,.0f records/s was not kept: the last record was sent %.0f ms late, so %,.0f records/s were offered",
                load.throughput(), phase.behindNs() / 1e6, load.throughput() * share));
    }
}
