package dev.millrace.perf.report;

import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.consume.ConsumeMeasurement;
import dev.millrace.perf.consume.Partitions;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.TargetResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All there is to tell of a run of {@code consume}, and what follows from it.
 *
 * @param clientConfig the client's effective settings
 * @param brokers what they were, for people
 * @param topic empty for a client that reads none
 * @param group empty for a client that has none
 */
public record ConsumeReport(
        ConsumeSpec spec,
        Map<String, Object> clientConfig,
        String brokers,
        Optional<Topic> topic,
        Optional<String> group,
        ConsumeMeasurement measurement,
        Environment environment) implements RunReport {

    @Override
    public boolean stopped() {
        return measurement.phase().stopped();
    }

    @Override
    public List<TargetResult> targetResults() {
        return spec.targets().check(measurement);
    }

    /** A target about errors says how many records may be wrong; that all is committed is no matter of targets. */
    @Override
    public List<String> errors() {
        List<String> errors = new ArrayList<>();
        measurement.phase().stalled().ifPresent(errors::add);
        if (!spec.targets().judgeErrors() || measurement.phase().stalled().isPresent()) {
            errors.addAll(Partitions.wrongHandlings(measurement.partitions()));
        }
        errors.addAll(measurement.wrongCommits());
        return errors;
    }

    @Override
    public List<String> reasonsNotValid() {
        return measurement.tooShort().stream().toList();
    }
}
