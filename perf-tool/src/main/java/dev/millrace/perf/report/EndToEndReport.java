package dev.millrace.perf.report;

import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.consume.EndToEndMeasurement;
import dev.millrace.perf.consume.Partitions;
import dev.millrace.perf.spec.EndToEndSpec;
import dev.millrace.perf.spec.TargetResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * All there is to tell of a run of {@code e2e}, and what follows from it.
 *
 * @param producerConfig the producer's effective settings
 * @param consumerConfig the consumer's effective settings
 * @param brokers what they were, for people
 */
public record EndToEndReport(
        EndToEndSpec spec,
        Map<String, Object> producerConfig,
        Map<String, Object> consumerConfig,
        String brokers,
        Topic topic,
        String group,
        EndToEndMeasurement measurement,
        Environment environment) implements RunReport {

    @Override
    public boolean stopped() {
        return measurement.stopped();
    }

    @Override
    public List<TargetResult> targetResults() {
        return spec.targets().check(measurement);
    }

    /** A target about errors says how many records may be lost or wrong; nothing allows for a log that disagrees. */
    @Override
    public List<String> errors() {
        List<String> errors = new ArrayList<>();
        measurement.stalled().ifPresent(errors::add);
        measurement.stored().contradiction(measurement.sent().errors(), topic).ifPresent(errors::add);
        if (!spec.targets().judgeErrors() || measurement.stalled().isPresent()) {
            if (measurement.sent().errors() > 0) {
                errors.add(measurement.sent().errors() + " records failed: " + measurement.sent().phase().errors());
            }
            errors.addAll(Partitions.wrongHandlings(measurement.partitions()));
        }
        errors.addAll(Partitions.wrongCommits(measurement.partitions()));
        return errors;
    }

    @Override
    public List<String> reasonsNotValid() {
        return measurement.sent().scheduleMissed().stream().toList();
    }
}
