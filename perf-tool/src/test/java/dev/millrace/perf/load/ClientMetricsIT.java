package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ClientSettings;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Where;
import dev.millrace.testkit.SinkBroker;
import dev.millrace.testkit.sink.SinkStats;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is derived from a client's metrics beside what a broker counted. */
class ClientMetricsIT {
    private static final int RECORDS = 30_000;

    private static Measurement measured(Client client, SinkBroker sink, SinkStats[] warmedUp, String... settings) {
        Load load = new Load(RECORDS, 7_000, 100, Optional.empty(), "\n", -1, 1, 0, 1);
        Where where = new Where(Optional.empty(), Optional.empty(), 1, Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
        ProduceSpec spec = new ProduceSpec(client, ClientSettings.of(Optional.empty(), List.of(settings)), load, Optional.empty(),
                where, Targets.parse(List.of()));
        try (ProduceRun run = new ProduceRun(spec, RecordData.of(load), sink.bootstrapServers(), "t", new StopSignal())) {
            run.warmUp(Duration.ofSeconds(1), interval -> { });
            warmedUp[0] = sink.stats();
            return run.measure(Duration.ofSeconds(1), interval -> { });
        }
    }

    @ParameterizedTest
    @EnumSource(Client.class)
    void shouldCountTheBatchesOfTheMeasuredPhaseAlone(Client client) {
        try (SinkBroker sink = SinkBroker.builder().anyTopic(6).startInProcess()) {
            SinkStats[] warmedUp = new SinkStats[1];
            Measurement measurement = measured(client, sink, warmedUp, "compression.type=lz4", "batch.size=1500");
            long batches = sink.stats().batches() - warmedUp[0].batches();
            long bytes = sink.stats().recordBytes() - warmedUp[0].recordBytes();
            assertTrue(warmedUp[0].batches() > 10 && batches > 10, () -> warmedUp[0] + " " + sink.stats());
            assertEquals((double) RECORDS / batches, measurement.recordsPerBatch(), 1e-6);
            assertEquals((double) bytes / batches, measurement.batchBytesAvg(), 1e-6);
        }
    }

    /** Then it is not known how much of the producer's life the averages tell of. */
    @Test
    void shouldNotCountBatchesWhenTheUserSetTheMetricsWindow() {
        try (SinkBroker sink = SinkBroker.builder().anyTopic(6).startInProcess()) {
            Measurement measurement = measured(Client.MILLRACE, sink, new SinkStats[1], "metrics.sample.window.ms=30000");
            assertTrue(Double.isNaN(measurement.recordsPerBatch()));
            assertTrue(measurement.batchBytesAvg() > 100);
        }
    }
}
